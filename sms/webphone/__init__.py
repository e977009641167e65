"""A SIP client in the browser, to try things with: it logs in over WebSocket, and has no server
side of its own.

pages.py    the page; its script is static/sms/sip_client.js, over JsSIP
"""
