// An SMSC on npm's smpp, for our tests. Its first line says its port; then one line of JSON
// for each submit_sm. The end of the destination says what becomes of the message.
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const options = process.env.TLS_PEM
  ? { key: fs.readFileSync(process.env.TLS_PEM), cert: fs.readFileSync(process.env.TLS_PEM) }
  : {};

const REFUSALS = { '0058': 0x58, '0011': 0x0b, '0020': 0x14, '0014': 0x0e };
const receivers = [];
let lastId = 0xabc000;

const octets = (value) => Buffer.isBuffer(value) ? value : Buffer.from(value || '');
const words = (id, stat, err) =>
  `id:${id} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:${stat} err:${err}`;

// Each takes the id in decimal and returns what makes its deliver_sm special.
const RECEIPTS = {
  '0001': (id) => ({ receipted_message_id: String(id), message_state: 2 }),
  '0002': (id) => ({ message_payload: octets(words(id, 'DELIVRD', '000')) }),
  '0003': (id) => ({ short_message: octets(words(id, 'UNDELIV', '011')) }),
  '0004': (id) => ({ esm_class: 0, short_message: octets(words(id, 'REJECTD', '004')) }),
  '0006': (id) => ({
    receipted_message_id: String(id), message_state: 5, network_error_code: octets('\x03\x00\x0d'),
  }),
};
const payload = (text) => ({ message_payload: octets(text) });
const delivered = (id) => ({ short_message: octets(words(id, 'DELIVRD', '000')) });

// What it reports in other ways than by one deliver_sm: a list of [command, fields].
const SEVERAL = {
  '0007': (id) => [['data_sm', payload(words(id, 'UNDELIV', '001'))]],
  '0008': (id) => ['ENROUTE', 'ACCEPTD', 'DELIVRD', 'DELIVRD', 'UNDELIV'].map(
    (stat) => ['deliver_sm', { short_message: octets(words(id, stat, '000')) }]),
  '0010': (id) => [['data_sm', { receipted_message_id: String(id), message_state: 3 }]],
  '0030': (id) => [
    ['deliver_sm', delivered(id)],
    ['deliver_sm', { esm_class: 0, short_message: octets('Hello from deliver') }]],
  '0031': (id) => [
    ['deliver_sm', delivered(id)], ['data_sm', { esm_class: 0, ...payload('Hello from data') }]],
};

function reports(end, id) {
  if (SEVERAL[end]) return SEVERAL[end](id);
  const [kind, number] = [end[0], end.slice(1)];
  // 2NNN: err NNN in the text; 5NNN: error NNN of a GSM network.
  if (kind === '2') return [['deliver_sm', { short_message: octets(words(id, 'UNDELIV', number)) }]];
  if (kind === '5') {
    const error = Buffer.from([3, 0, Number(number)]);
    return [['deliver_sm', {
      receipted_message_id: String(id), message_state: 5, network_error_code: error }]];
  }
  return [['deliver_sm', (RECEIPTS[end] || delivered)(id)]];
}

function report(pdu, id) {
  for (const [command, special] of reports(pdu.destination_addr.slice(-4), id)) {
    const fields = {
      esm_class: 4, data_coding: 0, source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr, ...special,
    };
    receivers[receivers.length - 1][command](fields, (answer) =>
      console.log(JSON.stringify({ answer: answer.command_status })));
  }
}

// 3NNN: command_status NNN.
const refusal = (end) => REFUSALS[end] || (end[0] === '3' ? Number(end.slice(1)) : 0);

function tell(pdu) {
  console.log(JSON.stringify({
    to: pdu.destination_addr, esm_class: pdu.esm_class, data_coding: pdu.data_coding,
    udh: octets((pdu.short_message.udh || [])[0]).toString('hex'),
    text: String(pdu.short_message.message || ''),
    payload: pdu.message_payload ? String(pdu.message_payload.message || '') : null,
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
  }));
}

const server = smpp.createServer(options, (session) => {
  session.on('error', () => {});
  for (const bind of ['bind_transceiver', 'bind_receiver', 'bind_transmitter']) {
    session.on(bind, (pdu) => {
      const right = pdu.system_id === 'esme' && pdu.password === 'secret';
      session.send(pdu.response({ command_status: right ? 0 : 0x0e, system_id: 'npm' }));
      if (right && bind !== 'bind_transmitter') receivers.push(session);
    });
  }
  session.on('submit_sm', (pdu) => {
    tell(pdu);
    const end = pdu.destination_addr.slice(-4);
    if (end === '0090') return;
    if (end === '0077') { session.destroy(); return; }
    if (refusal(end)) { session.send(pdu.response({ command_status: refusal(end) })); return; }
    const id = ++lastId;
    if (end === '0005') report(pdu, id);
    session.send(pdu.response({ message_id: '000' + id.toString(16) }));
    if (end !== '0005' && pdu.registered_delivery & 1) report(pdu, id);
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
