# SPDX-License-Identifier: BSD-3-Clause
"""Processors of application protocols: talks as lists of a record, and as a record each."""

from case import Case
from packets import A4, A6, B4, B6, tcp, udp

GET = (b"GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: probe (test)\r\n"
       b"Referer: http://example.org/\r\n\r\n")
OK = (b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nSet-Cookie: id=1; Path=/\r\n"
      b"Set-Cookie: lang=de\r\n\r\n<html>")
POST = b"POST /form HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: probe (test)\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\nServer: nginx\r\n\r\n"
INVITE = (b"INVITE sip:bob@example.org;transport=udp SIP/2.0\r\n"
          b"Via: SIP/2.0/UDP a.example;branch=1\r\n"
          b"Via: SIP/2.0/UDP b.example\r\nFrom: \"Alice\" <sip:alice@example.com>;tag=1\r\n"
          b"To: <sip:bob@example.org>\r\nCall-ID: 42@a.example\r\nCSeq: 1 INVITE\r\n"
          b"User-Agent: phone 1.0\r\n\r\n")
BUSY = (b"SIP/2.0 486 Busy Here\r\nv: SIP/2.0/UDP a.example\r\nf: sip:alice@example.com;tag=1\r\n"
        b"t: sip:bob@example.org\r\ni: 42@a.example\r\nCSeq: 1 INVITE\r\n\r\n")

WEB = [
    {"http_request_method": "GET", "http_request_url": "/index.html",
     "http_request_host": "www.example.org", "http_request_agent": "probe (test)",
     "http_request_referer": "http://example.org/", "http_response_status_code": 200,
     "http_response_server": "nginx", "http_response_content_type": "text/html",
     "http_response_set_cookie_names": "id;lang"},
    {"http_request_method": "POST", "http_request_url": "/form",
     "http_request_host": "www.example.org", "http_request_agent": "probe (test)",
     "http_request_referer": "", "http_response_status_code": 410,
     "http_response_server": "nginx", "http_response_content_type": "",
     "http_response_set_cookie_names": ""},
]
CALL = [
    {"sip_msg_type": 1, "sip_status_code": 0, "sip_cseq": "1 INVITE",
     "sip_calling_party": "sip:alice@example.com", "sip_called_party": "sip:bob@example.org",
     "sip_call_id": "42@a.example", "sip_user_agent": "phone 1.0",
     "sip_request_uri": "sip:bob@example.org",
     "sip_via": "SIP/2.0/UDP a.example;SIP/2.0/UDP b.example"},
    {"sip_msg_type": 99, "sip_status_code": 486, "sip_cseq": "1 INVITE",
     "sip_calling_party": "sip:alice@example.com", "sip_called_party": "sip:bob@example.org",
     "sip_call_id": "42@a.example", "sip_user_agent": "", "sip_request_uri": "",
     "sip_via": "SIP/2.0/UDP a.example"},
]


class Talk:
    """A client and a server; sequence numbers go on."""

    def __init__(self, case, port, proto, a=A4, b=B4):
        self.case, self.proto = case, proto
        self.sides = (a, b, 40000, port), (b, a, port, 40000)
        self.seq = [100, 200]

    def flow(self, label, **fields):
        self.case.flow(label, *self.sides[0], self.proto, **fields)

    def say(self, label, text):
        """As Case.ip(): "-label" is what the server says."""
        rev = label.startswith("-")
        if self.proto == 17:
            self.case.ip(label, udp(*self.sides[rev], data=text))
            return
        self.case.ip(label, tcp(*self.sides[rev], "PA", self.seq[rev], self.seq[not rev], text))
        self.seq[rev] += len(text)


def lists(transactions):
    """What a record of several says: exactly this list."""
    return {key: [[t[key] for t in transactions]] for key in transactions[0]}


def messages(transaction):
    case = Case("processors-records" if transaction else "processors-lists",
                "requests and responses of HTTP and messages of SIP, "
                + ("each in a record of its own, which begins with it." if transaction else
                   "as lists of one record, what belongs together at one place."),
                options="--no-dpi --processors http,sip"
                + (" --set dpi.records=transaction" if transaction else ""))
    for name, talk, said, wanted in (
            ("web", Talk(case, 80, 6), (("", GET), ("-", OK), ("+", POST), ("-+", GONE)), WEB),
            ("call", Talk(case, 5060, 17, A6, B6), (("", INVITE), ("-+", BUSY)), CALL)):
        if transaction:
            talk.flow(name, **wanted[0])
            talk.flow(name + "+", **wanted[1])
        else:
            talk.flow(name, **lists(wanted))
        for where, text in said:
            label = where.replace("+", "") + name
            talk.say(label + "+" if transaction and "+" in where else label, text)
    return case


def sessions():
    case = Case("processors-sessions", "a mail with a text that looks like commands, up to its "
                "STARTTLS; SSDP announced and searched for; a session of MQTT with a message in "
                "two segments; a stream of RTSP.",
                options="--no-dpi --processors smtp,ssdp,mqtt,rtsp --set "
                "processor.mqtt.topic_count=2")
    mail = Talk(case, 25, 6)
    mail.flow("mail", smtp_command_flags=0x1d, smtp_mail_cmd_count=1, smtp_rcpt_cmd_count=1,
              smtp_stat_code_flags=0x94, smtp_2xx_stat_code_count=5, smtp_3xx_stat_code_count=1,
              smtp_4xx_stat_code_count=0, smtp_5xx_stat_code_count=0, smtp_domain="client.example",
              smtp_first_sender="<a@example.com>", smtp_first_recipient="<b@example.org>")
    for label, text in (("mail", b""), ("-mail", b"220 mx ESMTP\r\n"),
                        ("mail", b"EHLO client.example\r\n"),
                        ("-mail", b"250-mx\r\n250 STARTTLS\r\n"),
                        ("mail", b"MAIL FROM:<a@example.com>\r\n"), ("-mail", b"250 ok\r\n"),
                        ("mail", b"RCPT TO:<b@example.org>\r\n"), ("-mail", b"250 ok\r\n"),
                        ("mail", b"DATA\r\n"), ("-mail", b"354 go on\r\n"),
                        ("mail", b"RCPT TO:<c@example.org>\r\n.\r\n"),
                        ("mail", b"STARTTLS\r\n"), ("-mail", b"220 go on\r\n"),
                        ("mail", b"QUIT\r\n")):
        mail.say(label, text)
    ssdp = Talk(case, 1900, 17, b="239.255.255.250")
    ssdp.flow("ssdp", ssdp_location_port=49152, ssdp_nt="device:One:1", ssdp_server="OS UPnP/1.1",
              ssdp_st="service:Two:1", ssdp_user_agent="browser")
    for text in (b"NOTIFY * HTTP/1.1\r\nLOCATION: http://192.0.2.1:49152/d.xml\r\n"
                 b"NT: urn:device:One:1\r\nSERVER: OS UPnP/1.1\r\n\r\n",
                 b"M-SEARCH * HTTP/1.1\r\nST: urn:service:Two:1\r\nUSER-AGENT: browser\r\n\r\n"):
        ssdp.say("ssdp", text)
    mqtt = Talk(case, 1883, 6)
    mqtt.flow("mqtt", mqtt_type_cumulative=1 | 2 | 4 | 8 | 1 << 14, mqtt_version=5,
              mqtt_connection_flags=0xc2, mqtt_keep_alive=60, mqtt_connection_return_code=0x86,
              mqtt_publish_flags=3, mqtt_topics="a/b#c")
    long = b"\x30\x80\x01\0\1c" + bytes(125)
    for label, text in (("mqtt", b"\x10\x0d\0\4MQTT\5\xc2\0\x3c\0\0\0"),
                        ("-mqtt", b"\x20\3\1\x86\0"),
                        ("mqtt", b"\x33\x07\0\3a/b\0\1" + long[:50]), ("mqtt", long[50:]),
                        ("mqtt", b"\xe0\0")):
        mqtt.say(label, text)
    rtsp = Talk(case, 554, 6)
    rtsp.flow("rtsp", rtsp_request_method=[["DESCRIBE"]], rtsp_request_uri=[["rtsp://b/a"]],
              rtsp_request_agent=[["player"]], rtsp_response_status_code=[[200]],
              rtsp_response_server=[["streamer"]], rtsp_response_content_type=[["application/sdp"]])
    rtsp.say("rtsp", b"DESCRIBE rtsp://b/a RTSP/1.0\r\nUser-Agent: player\r\n\r\n")
    rtsp.say("-rtsp", b"RTSP/1.0 200 OK\r\nServer: streamer\r\n"
             b"Content-Type: application/sdp\r\n\r\n")
    return case


def cases():
    yield from (messages(False), messages(True), sessions())
