"""What each setting of a link is called, and means to somebody with a carrier's data sheet."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Field(NamedTuple):
    """One setting."""

    label: str
    help: str
    needs: str = ""
    """Where it counts: `name=value` of another setting, several separated by blanks."""


_SMPP = "kind=smpp"
_SIP = "kind=sip"
_TLS = "kind=smpp tls=on"
_KEPT = "Leave empty to keep the stored one."

FIELDS: Final[Mapping[str, Field]] = {
    "name": Field(
        "Name",
        "Short, for people and commands: lower-case letters, digits and -. Its worker is called "
        "link.NAME, so a link that runs should keep its name.",
    ),
    "kind": Field(
        "Kind",
        "SMPP 3.4: we connect to a carrier's SMSC. SIP edge: softphones "
        "and browsers connect to us.",
    ),
    "enabled": Field("Enabled", "Off: no worker, no connection, and routing leaves it out."),
    "host": Field(
        "Host",
        "A name or an IP address, without a port. Of a SIP edge: the address that it listens on.",
    ),
    "port": Field(
        "Port", "Usually 2775, or 3550 with TLS; the data sheet tells. Of a SIP edge: 5060."
    ),
    "ws_port": Field("WebSocket port", "Where browsers connect; empty: nowhere.", _SIP),
    "public_host": Field(
        "Public address",
        "What clients are told as our address, where a NAT stands before us.",
        _SIP,
    ),
    "system_id": Field(
        "system_id",
        "Our user name at the carrier, at most 15 characters. Sheets call it login, account or "
        "ESME id.",
        _SMPP,
    ),
    "password": Field(
        "Password",
        f"At most 8 characters: SMPP 3.4 has room for no more. {_KEPT}",
        _SMPP,
    ),
    "system_type": Field(
        "system_type", "At most 12 characters. Empty unless the data sheet names one.", _SMPP
    ),
    "address_range": Field(
        "address_range",
        "At most 40 characters, a pattern of the numbers whose messages we receive, such as "
        "^4915. Empty unless the data sheet asks for it.",
        _SMPP,
    ),
    "bind_mode": Field(
        "Bind as",
        "A transceiver sends and receives on one connection. Carriers that offer none want a "
        "transmitter and a receiver.",
        _SMPP,
    ),
    "binds": Field(
        "Connections at once",
        "No more than the carrier allows. Each needs a worker of its own; together they keep to "
        "the rate, and each has a window.",
        _SMPP,
    ),
    "tls": Field("Use TLS", "Where the carrier offers it, mostly on a port of its own.", _SMPP),
    "tls_verify": Field(
        "Check the certificate",
        "Whether it is valid and names the host. Off protects against nobody but listeners.",
        _TLS,
    ),
    "tls_ca": Field(
        "Trusted authorities",
        "PEM, one certificate behind another, where the carrier signs its own. Empty: the "
        "system's.",
        _TLS,
    ),
    "tls_name": Field(
        "Name in the certificate", "Where it is not the host's. Empty: the host.", _TLS
    ),
    "tls_cert": Field(
        "Our certificate", "PEM with its chain, where the carrier wants to see one.", _TLS
    ),
    "tls_key": Field("Its private key", f"PEM, not encrypted. {_KEPT}", _TLS),
    "window_size": Field(
        "Window",
        "Messages that may wait for an answer at once, on each connection; 1 to 1000. Sheets call "
        "it window size or max outstanding requests. Too much is answered with ESME_RTHROTTLED "
        "or ESME_RMSGQFUL.",
    ),
    "max_tps": Field(
        "Rate, a second",
        "PDUs a second (TPS, throughput), all connections together: a long text takes several. "
        "0: as fast as the carrier answers.",
        _SMPP,
    ),
    "response_timeout_s": Field(
        "Answer within, in seconds",
        "How long we wait for an answer before it counts as lost; 10 suits most.",
        _SMPP,
    ),
    "enquire_link_s": Field(
        "enquire_link every, in seconds",
        "After so much silence we ask whether the carrier is still there. Less than its "
        "inactivity timeout, more than the time for an answer; 30 suits most.",
        _SMPP,
    ),
    "on_unanswered": Field(
        "Where no answer came",
        "The carrier may have the message or not: failing it never sends twice, sending again "
        "never loses one.",
    ),
    "default_alphabet": Field(
        "Default alphabet", "What the carrier reads data_coding 0 as. Mostly GSM 03.38.", _SMPP
    ),
    "long_messages": Field(
        "Long texts",
        "How a text goes that one PDU cannot hold: in parts with a header (UDH) nearly everywhere.",
        _SMPP,
    ),
    "source_ton": Field(
        "Sender TON",
        "Type of number, 0 to 255. Empty: by the sender's form (1 international, 5 name, 3 short "
        "code).",
        _SMPP,
    ),
    "source_npi": Field(
        "Sender NPI", "Numbering plan, 0 to 255. Empty: by the sender's form (1 or 0).", _SMPP
    ),
    "dest_ton": Field("Recipient TON", "Empty: 1, international.", _SMPP),
    "dest_npi": Field("Recipient NPI", "Empty: 1, ISDN (E.164).", _SMPP),
    "service_type": Field(
        "service_type", "At most 5 characters. Empty unless the data sheet names one.", _SMPP
    ),
    "send_validity": Field(
        "Send validity_period",
        "Tells the carrier how long a message is worth delivering. Off for those that refuse it.",
        _SMPP,
    ),
    "registered_delivery": Field(
        "registered_delivery",
        "1: a receipt for every message; 0: none; 2: for failures alone; 16 more for states on "
        "the way.",
        _SMPP,
    ),
    "receipt_id_form": Field(
        "Message ids in receipts",
        "Some carriers answer in hexadecimal and write receipts in decimal. “Try every form” "
        "finds out by itself.",
        _SMPP,
    ),
    "unknown_is_final": Field(
        "UNKNOWN is final",
        "A receipt that says UNKNOWN ends the message as undelivered; off: it is noted alone.",
        _SMPP,
    ),
    "one_receipt_wait_s": Field(
        "One receipt for all parts, after seconds",
        "For carriers that send a single receipt (sub:003) for a long text. 0: never.",
        _SMPP,
    ),
    "err_preset": Field(
        "err in receipts", "Whose list of codes the carrier uses in err:NNN.", _SMPP
    ),
    "status_overrides": Field(
        "command_status",
        'JSON. {"0x401": {"code": 30004}} fails with 30004; {"0x45": {"code": 30008, '
        '"retry_s": [60, 300], "max_tries": 3}} tries again after 60 s, then every 300 s.',
        _SMPP,
    ),
    "err_overrides": Field(
        "err of receipts", 'JSON, beside the list above: {"011": 30003, "A1": 30005}', _SMPP
    ),
    "network_error_codes": Field(
        "network_error_code of receipts",
        'JSON, beside the errors of GSM: {"27": 30003}, or with the type of network {"2:5": 30005}',
        _SMPP,
    ),
    "max_queue": Field(
        "Longest queue",
        "Messages that may wait for it; more go elsewhere, or fail with 30001. Empty: no limit.",
    ),
    "slow_after_s": Field(
        "Slow after, in seconds",
        "While a message has waited longer, new ones go elsewhere, and those too. 0: never.",
    ),
    "circuit_errors": Field("Errors in a row", "So many open its circuit. 0: none do."),
    "circuit_unanswered": Field(
        "Silences in a row", "Unanswered requests or broken lines that open it. 0: none do."
    ),
    "circuit_percent": Field("Percent of errors", "Among the last answers. 0: none do."),
    "circuit_window": Field("Of the last answers", "How many that percentage is of."),
    "circuit_open_s": Field(
        "Open for, in seconds",
        "Until a few messages try it again; doubled, up to 16 times as long, while they fail.",
    ),
    "circuit_probes": Field("Probes", "Messages that try it, all of which must go well."),
}

SECTIONS: Final = (
    ("The link", "", ("name", "kind", "enabled")),
    (
        "Connection and login",
        "As the carrier's data sheet has it. “Test connection” tries it out before you save.",
        (
            ("host", "port"),
            ("ws_port", "public_host"),
            ("system_id", "password"),
            ("system_type", "address_range"),
            ("bind_mode", "binds"),
        ),
    ),
    (
        "TLS",
        "",
        ("tls", ("tls_verify", "tls_name"), "tls_ca", "tls_cert", "tls_key"),
    ),
    (
        "Speed and patience",
        "How much the carrier takes at once. Changes here reach open connections within a second, "
        "without a new bind.",
        (("window_size", "max_tps"), ("response_timeout_s", "enquire_link_s"), "on_unanswered"),
    ),
    (
        "Texts and addresses",
        "Leave these unless the data sheet says otherwise.",
        (
            ("default_alphabet", "long_messages"),
            ("source_ton", "source_npi"),
            ("dest_ton", "dest_npi"),
            ("service_type", "send_validity"),
        ),
    ),
    (
        "Receipts",
        "How the carrier tells what became of a message.",
        (
            ("registered_delivery", "receipt_id_form"),
            ("err_preset", "one_receipt_wait_s"),
            "unknown_is_final",
        ),
    ),
    (
        "Codes of this carrier",
        "What its own error codes mean. The codes of messages are 30001 to 30010 and 30090; "
        "`manage.py errorcodes` lists them.",
        ("status_overrides", "err_overrides", "network_error_codes"),
    ),
    (
        "In trouble",
        "When routing passes the link over, and when it tries it again.",
        (
            ("max_queue", "slow_after_s"),
            ("circuit_errors", "circuit_unanswered"),
            ("circuit_percent", "circuit_window"),
            ("circuit_open_s", "circuit_probes"),
        ),
    ),
)
"""The form by subject: heading, what it is about, and its fields, side by side where they pair."""
