"""What an application answers to an inbound message: RCML, or TwiML, which is the same. Pure.

    steps.py     what an answer asks for, step by step
    answer.py    from the octets of an HTTP answer to its steps, by content type
    document.py  an XML document, read within bounds: no entity, no network, no depth
    verbs.py     its elements as steps

Nothing here raises for what a peer wrote but `Unusable`, which sends the platform to the
fallback; everything else becomes a `Note` for the message's timeline.
Source: sms-api 7.3, 7.5; Twilio's "TwiML for Programmable SMS".
"""

from sms.rcml.answer import MAX_BYTES, read_answer
from sms.rcml.steps import Note, Redirect, Reply, Step, Unusable

__all__ = ["MAX_BYTES", "Note", "Redirect", "Reply", "Step", "Unusable", "read_answer"]
