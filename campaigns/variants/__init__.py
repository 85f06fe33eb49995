"""Other ways of saying a campaign's message, written by a language model and accepted by a person.

    guard.py      what a variant may not change, and when it is too like another text
    provider.py   asks any endpoint that speaks the chat completions of OpenAI; off unless AI_BASE_URL is set
    proposals.py  the operation: propose, look over, accept into the draft's message
    stand_in.py   such an endpoint that runs here, for the demonstration and the tests

Only the message itself is sent to the endpoint, with its placeholders: nothing of any recipient.
"""
