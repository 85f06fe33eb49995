"""The desk over the API. Views parse, authorise, call one operation and answer; what may be done is decided below."""
