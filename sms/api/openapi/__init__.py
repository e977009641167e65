"""The API in its own words: an OpenAPI 3.1 document, and pages to browse it.

document.py    every route of urls.py, by drf-spectacular, with what the tables below say
operations.py  what one method of one route takes and gives: one entry each
parameters.py  paths, queries and headers
forms.py       bodies of requests
schemas.py     bodies of answers, as JSON
xml.py         the same as XML, derived
responses.py   answers, and errors by status
callbacks.py   what we send to an account's URL
text.py        the prose before it all
views.py       serves the document
pages.py       serves pages that show it

Written by hand, since views have no serializers: the tests hold the API to it.
"""
