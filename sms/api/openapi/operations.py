"""What one method of one route takes and gives: one entry each."""

from typing import Any

from sms.api.openapi import callbacks, forms, parameters, text
from sms.api.openapi.parameters import Parameter
from sms.api.openapi.responses import WITH_FORM, errors, shows

Operation = dict[str, Any]

MESSAGES, ACCOUNTS, NUMBERS, CLIENTS = "Messages", "Accounts", "Numbers", "Clients"
TAGS = [
    {"name": MESSAGES, "description": "Send SMS, and see what became of them."},
    {"name": ACCOUNTS, "description": "One's own account, and its sub-accounts."},
    {"name": NUMBERS, "description": "What an account may send from and be reached at."},
    {"name": CLIENTS, "description": "The SIP clients of an account."},
]


def _operation(
    name: str,
    tag: str,
    summary: str,
    *,
    gives: dict[str, Any],
    fails: tuple[int, ...] = (),
    takes: tuple[Parameter, ...] = (),
    form: dict[str, Any] | None = None,
    **more: Any,
) -> Operation:
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        **({"parameters": list(takes)} if takes else {}),
        **({"requestBody": form} if form else {}),
        "responses": {**gives, **errors(*fails, *(WITH_FORM if form else ()))},
        **more,
    }


def _ok(name: str, description: str) -> dict[str, Any]:
    return {"200": shows(name, description)}


def _change(name: str, tag: str, what: str, **described: Any) -> dict[str, Operation]:
    """Describe a change, which POST and PUT make alike."""
    described = {"description": text.UPDATE, **described}
    return {
        "POST": _operation(name, tag, f"Change {what}", **described),
        "PUT": _operation(f"{name}ByPut", tag, f"Change {what}, like POST", **described),
    }


_OWN = (parameters.ACCOUNT,)
_CLIENT = (parameters.ACCOUNT, parameters.sid("client"))
_NUMBER = (parameters.ACCOUNT, parameters.sid("number"))

ROUTES: dict[str, dict[str, Operation]] = {
    "/Accounts/{account}/SMS/Messages": {
        "GET": _operation(
            "listMessages",
            MESSAGES,
            "List messages",
            description=text.LIST,
            takes=(*_OWN, *parameters.PAGES, *parameters.MESSAGE_FILTERS),
            gives=_ok("MessagePage", "One page of messages."),
            fails=(404,),
        ),
        "POST": _operation(
            "sendMessage",
            MESSAGES,
            "Send a message",
            description=text.SEND,
            takes=(*_OWN, parameters.IDEMPOTENCY_KEY),
            form=forms.body(forms.MESSAGE, "From", "To", "Body"),
            gives=_ok("AcceptedMessage", "The message is accepted."),
            fails=(404, 422),
            callbacks={"statusCallback": callbacks.STATUS_CALLBACK},
        ),
    },
    "/Accounts/{account}/SMS/Messages/{sid}": {
        "GET": _operation(
            "getMessage",
            MESSAGES,
            "Show a message",
            takes=(parameters.ACCOUNT, parameters.sid("message")),
            gives=_ok("Message", "The message."),
            fails=(404,),
        ),
    },
    "/Accounts": {
        "GET": _operation(
            "listAccounts",
            ACCOUNTS,
            "List one's sub-accounts",
            gives=_ok("Accounts", "All sub-accounts, the oldest first."),
        ),
        "POST": _operation(
            "createAccount",
            ACCOUNTS,
            "Create a sub-account",
            description=text.NEW_ACCOUNT,
            form=forms.body(forms.NEW_ACCOUNT, "EmailAddress", "Password"),
            gives=_ok("Account", "The new account."),
            fails=(409,),
        ),
    },
    "/Accounts/{account}": {
        "GET": _operation(
            "getAccount",
            ACCOUNTS,
            "Show an account",
            takes=_OWN,
            gives=_ok("Account", "The account."),
            fails=(404,),
        ),
        **_change(
            "updateAccount",
            ACCOUNTS,
            "an account",
            takes=_OWN,
            form=forms.body(forms.ACCOUNT),
            gives=_ok("Account", "The account as it is now."),
            fails=(404,),
        ),
    },
    "/Accounts/{account}/IncomingPhoneNumbers": {
        "GET": _operation(
            "listNumbers",
            NUMBERS,
            "List numbers",
            takes=(*_OWN, *parameters.PAGES, *parameters.NUMBER_FILTERS),
            gives=_ok("IncomingPhoneNumberPage", "One page of numbers."),
            fails=(404,),
        ),
        "POST": _operation(
            "addNumber",
            NUMBERS,
            "Give the account a number",
            takes=_OWN,
            form=forms.body(forms.NEW_NUMBER, "PhoneNumber"),
            gives=_ok("IncomingPhoneNumber", "The new number."),
            fails=(404,),
        ),
    },
    "/Accounts/{account}/IncomingPhoneNumbers/{sid}": {
        "GET": _operation(
            "getNumber",
            NUMBERS,
            "Show a number",
            takes=_NUMBER,
            gives=_ok("IncomingPhoneNumber", "The number."),
            fails=(404,),
        ),
        **_change(
            "updateNumber",
            NUMBERS,
            "a number",
            takes=_NUMBER,
            form=forms.body(forms.NUMBER),
            gives=_ok("IncomingPhoneNumber", "The number as it is now."),
            fails=(404,),
        ),
        "DELETE": _operation(
            "removeNumber",
            NUMBERS,
            "Take a number away",
            takes=_NUMBER,
            gives={
                **_ok("Nothing", "Gone; so answered where JSON was asked for by name."),
                "204": {"description": "Gone."},
            },
            fails=(404,),
        ),
    },
    "/Accounts/{account}/Clients": {
        "GET": _operation(
            "listClients",
            CLIENTS,
            "List clients",
            takes=_OWN,
            gives=_ok("Clients", "All clients, the oldest first."),
            fails=(404,),
        ),
        "POST": _operation(
            "createClient",
            CLIENTS,
            "Create a client",
            description="A login that the account has already is answered with that client, "
            "unchanged.",
            takes=_OWN,
            form=forms.body(forms.NEW_CLIENT, "Login", "Password"),
            gives=_ok("Client", "The client."),
            fails=(404, 409),
        ),
    },
    "/Accounts/{account}/Clients/{sid}": {
        "GET": _operation(
            "getClient",
            CLIENTS,
            "Show a client",
            takes=_CLIENT,
            gives=_ok("Client", "The client."),
            fails=(404,),
        ),
        **_change(
            "updateClient",
            CLIENTS,
            "a client",
            takes=_CLIENT,
            form=forms.body(forms.CLIENT),
            gives=_ok("Client", "The client as it is now."),
            fails=(404,),
        ),
        "DELETE": _operation(
            "removeClient",
            CLIENTS,
            "Remove a client",
            takes=_CLIENT,
            gives=_ok("Nothing", "Gone."),
            fails=(404,),
        ),
    },
}
