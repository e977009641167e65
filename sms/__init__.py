"""The life of an SMS: submit -> dispatch -> receive -> notify.

    POST --> api ---> submit ==> dispatch ---> switchboard ---> link ---> SMSC / SIP peer
             admin --^              |                            |
                                    v                            v
    URL <--- webhook <--- notify <==+=========================== receive

    ---> a call        ==> committed rows plus a coalesced wake-up

Four verbs, one room each; API, admin, commands and the network are doors that
call them. The row in the database is the truth and the queue; the broker carries
nothing but wake-ups.

The verbs, and what operators do beside them:

    submit dispatch/ receive/ notify/           the four
    relay conversation/ keywords                what clients and recipients write to us
    resend copies cancel barring operate trials what operators order
    explain foretell timeline                   what people are told of a message

What they decide by:

    routing/ circuit clients/ blocking idempotency covering

The queue, and who works on it:

    outbox/ slots wake                          the only raw SQL of rows; leases; wake-ups
    partitions/                                 tables of messages by the month, for who wants it
    worker/ switchboard tasks sweep/ supervisor/
    statistics/ meters journal patience         what is counted, logged, and may take how long

The doors, and what is behind them:

    api/ admin/ monitoring/ webphone/ management/
    transports/ webhook/                        the network: SMPP and SIP; customers' URLs

Pure, below all of it:

    lifecycle errors causes text rcml/ overrides pem months
    models/ checks apps                         and Django's own, which are not pure

Nothing imports showcase/ (a made-up week to look at) or bench/ (measuring), but their commands.
"""
