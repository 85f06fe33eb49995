"""The promoters' pages as an application on a phone: what is installed, what is there without a network, and answers for
pages that send their forms themselves, so that nothing typed is lost.

    views.py       the manifest, the worker, the page for when there is neither network nor copy, who is here
    files.py       what the worker keeps of our own files, and its version
    notices.py     a browser asks for notices while no page is open
    in_place.py    answers to a page that goes on standing: done, refused and why, or "log in first"
"""
