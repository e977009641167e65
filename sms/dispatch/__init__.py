"""Send what is due on one link, and record what the peer answers.

    claim -> mark *submitting* -> hand over -> outcome -> record

dispatcher.py  the sending side of one link, used by one thread
ends.py        claimed messages that go no further
opened.py      what it holds in memory
verdict.py     what an outcome means; pure
references.py  what joins the parts of a long message
reroute.py     to which other link a refused message goes

Octets leave only after the mark is committed. So after any crash the rows tell: nothing
*submitting* means the peer has nothing; *submitting* means it may have it.
"""

from sms.dispatch.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
