"""The life of an SMS: submit -> dispatch -> receive -> notify.

    POST --> api ---> submit ==> dispatch ---> switchboard ---> link ---> SMSC / SIP peer
             admin --^              |                            |
                                    v                            v
    URL <--- webhook <--- notify <==+=========================== receive

    ---> a call        ==> committed rows plus a coalesced wake-up

Four verbs, one module each; API, admin, commands and the network are doors that
call them. The row in the database is the truth and the queue; the broker carries
nothing but wake-ups.
"""
