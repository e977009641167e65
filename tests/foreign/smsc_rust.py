"""An SMSC on PyPI's smpp34, for our tests: `smsc_rust.py PORT`; its first line says the port."""

import asyncio
import sys

import smpp34  # type: ignore[import-not-found]  # it is where the test says

REFUSALS = {"0058": 0x58, "0011": 0x0B, "0020": 0x14}


async def main(port: int) -> None:
    server = smpp34.Server(host="127.0.0.1", port=port, system_id="rust")
    await server.start()
    print(port, flush=True)  # noqa: T201  # how the test hears of it
    sessions: dict[str, smpp34.Esme] = {}
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            sessions[event.session_id] = event
        elif isinstance(event, smpp34.SubmitSmEvent):
            await take(event, sessions[event.session_id])


async def take(event: "smpp34.SubmitSmEvent", esme: "smpp34.Esme") -> None:
    kind, number = event.destination_addr[-4], int(event.destination_addr[-3:])
    # 3NNN: command_status NNN.
    refusal = REFUSALS.get(event.destination_addr[-4:]) or (number if kind == "3" else 0)
    if refusal:
        event.reject(refusal)
        return
    message_id = f"{event.destination_addr}-{event.short_message[:4].hex()}"
    event.accept(message_id=message_id)
    # 4NNN: message_state NNN; 5NNN: error NNN of a GSM network.
    state = {"4": number, "5": 5}.get(kind, 2)
    state = 5 if event.destination_addr.endswith("0003") else state
    gsm = bytes([3]) + number.to_bytes(2, "big")
    error = [smpp34.Tlv(smpp34.TLV_NETWORK_ERROR_CODE, gsm)] if kind == "5" else []
    await esme.deliver_sm(
        source_addr=event.destination_addr,
        destination_addr=event.source_addr,
        esm_class=0x04,
        tlvs=[
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, bytes([state])),
            *error,
        ],
    )


asyncio.run(main(int(sys.argv[1])))
