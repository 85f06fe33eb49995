"""Model-free leaves: time, phones, secrets, environment. Nothing here imports an app."""
