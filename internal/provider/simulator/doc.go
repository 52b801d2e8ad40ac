// Package simulator is a provider in a box: it speaks the wire protocols of Solapi (also sold as
// CoolSMS; messaging API v4), NHN Cloud (SMS v3.0, KakaoTalk Bizmessage v2.3), Naver Cloud SENS
// (SMS v2, Alimtalk v2), Aligo and SendGo (v2), so that a vendor's own SDKs work with nothing
// changed but the base address (tools/sdk runs those of Solapi and Aligo against it), and it tells
// what every handset got.
//
// It promises: a number always ends the same way, as the table in outcome.go says;
// what /_sim/received shows was really handed over, once per hand-over; a message
// that waits takes little memory, so a million may wait beside the product in one
// process; nothing leaves it but webhook calls to the addresses it was given. It
// never writes to disk and owns no tables. Time passes only while Run runs.
//
// It misbehaves on command, and repeatably: a number meets the fault that the table
// gives it, once; a scenario spreads refusals, failures, crooked reports and broken
// requests by share. What is called not taken was not taken: no leg of it is shown,
// paid or reported.
//
// Reading order: simulator.go (options, life), outcome.go (the table), fault.go (what goes wrong
// with a request), scenario.go (shares), scenario_read.go, scenario_http.go, clock.go (time),
// report.go (webhooks), received.go, message.go (what is kept), life.go (what happens to a
// message), picture.go (of an MMS), vendor.go (what differs between vendors), paths.go (requests
// in, answers out). Then the protocols, each under the vendor's name: solapi.go, solapi_auth.go,
// solapi_check.go and solapi_kakao.go (refusals), solapi_register.go, solapi_group.go,
// solapi_send.go, solapi_list.go, and one file per smaller service; nhn.go, nhn_list.go; sens.go,
// sens_file.go, sens_list.go; aligo.go, aligo_file.go, aligo_list.go, aligo_book.go; sendgo.go.
// What accounts keep besides messages is in desk.go and the files named after it.
//
// # Faults
//
// Faults act on the request that hands over: groups/{id}/send (also schedule with a
// date that is past, and resend), send, send-many and send-many/detail; so on every
// message in it. Numbers 010-00BB-xxxx of BB
//
//	08  500, and all is taken             11  429 with Retry-After: 1, nothing is taken
//	09  connection cut, and all is taken  12  no answer, nothing is taken
//	10  500, and nothing is taken         13  the reply waits for this leg's report
//
// Each of 08 to 12 acts once per number, for all numbers of its BB in the request, when
// the state of the group allows it to be sent; of several in one request 11 comes first,
// then 10, 12, 08 and 09, each in a request of its own. A group that met a fault before
// acceptance is still PENDING and can be sent; of the calls that make their own group
// nothing stays. A request without an answer ends with its client, after
// Options.HangFor, or with Run. With 13 the reply waits until the webhook was called
// once, whatever it answered.
//
// # Scenario
//
// Put by Options.Scenario, PUT /_sim/scenario (YAML or JSON) or Play; GET shows the
// one in force. It replaces the one before as a whole; POST /_sim/reset brings the one
// of Options back. Keys, each of which may be left out:
//
//	seed             decides what the shares fall on
//	accept_delay     until a message is with the carrier, such as 20ms
//	report_delay     usual time from the carrier to the report
//	answer_delay     before a request is looked at: every answer takes so long
//	refuse           {code: share} of legs refused at registration, 1000 to 1999
//	fail             {code: share} of legs reported as failed, 2001 to 3999
//	duplicate        share of reports that come twice
//	reorder          share of reports that those handed over with them overtake
//	late             share of reports that come a minute later (Options.Late)
//	http_429         share of requests that hand over: as 11
//	http_5xx_before  as 10
//	http_5xx_after   as 08
//	cut              as 09
//	timeout          as 12
//	balance          won of every account, from now on
//	senders          the numbers that are registered, and may alone be used, at every account
//	inspector        what becomes of submitted templates: approve, reject, wait or refuse
//	inspector_says   what the inspector writes
//	lookup           false: reading groups and messages is answered 500
//
// Every decision follows from the seed, the number (of a request: its first) and how
// often it met such a decision, so the same requests meet the same faults in whatever
// order numbers come. Numbers of the table, forced codes too, keep to the table; a
// fault of the table comes before one of the scenario. A leg's fate is decided when it
// is handed over; the vendor's own fail-over is a leg too.
//
// # Other vendors
//
// A message lives the same life whoever carries it (vendor.go). What the sections above say in
// Solapi's words holds for the others in theirs: 500 and 429 come in their form of errors, a
// forced code is a raw code of the vendor. NHN Cloud refuses a recipient with the number of a
// forced 1xxx below zero, pushes reports with the secret in X-Toast-Webhook-Signature,
// and refuses an idempotency key of Alimtalk that comes again within ten minutes. SENS takes a
// text whatever is wrong with one recipient, who then fails, and has to be asked: a list
// without rows is an empty 404. Neither runs out of money. Aligo and SendGo take what is wrong
// with one receiver like SENS, have to be asked, and refuse a call that cannot be paid. The user
// of Aligo is the key of an account and its key the secret; SendGo's newest token of an account
// ends the one before, and its sender numbers have keys. All take every account of Options
// by its key and secret, every service, and every template and channel of their form.
//
// # What is not confirmed
//
// The vendor's documents leave gaps. Where they do, this is what was chosen:
//
//   - A missing or unreadable Authorization header is 401 Unauthorized; a body over
//     15 MB is 413 PayloadTooLarge; a message that /send could not register is 400
//     FailedToAddMessage. Bearer tokens are not taken.
//   - Refused messages are kept in their group and listed with their 1xxx code.
//   - Only a registered number makes a later one a duplicate; allowDuplicates in a
//     PUT of messages counts for that call.
//   - Adding to a group that does not wait is 400 ValidationError, as is sending a
//     group without a registered message. When every message of send-many/detail
//     is refused the group ends FAILED.
//   - Another account's group is 404, but 403 Forbidden when it is to be deleted.
//   - strict absent refuses characters outside EUC-KR like strict true, though the
//     group then shows strict false; with strict false each becomes a question mark
//     (and decomposed Hangul is composed). Both bytes of a CRLF count.
//   - Only Korea (82) is routed: another country is 1058. Types other than SMS, LMS,
//     MMS, ATA, CTA and CTI are 1025. A recipient or sender with anything but digits
//     is 1011.
//   - An image of an MMS, or of CTI, must have been uploaded (1023, 1051); an MMS
//     image must be a JPEG of at most 200 KB. Files keep no content but its digest, which
//     /_sim/received shows.
//   - Of other vendors too: NHN Cloud refuses a call with a file that it does not have as
//     expired (-2004), SENS with a 400 that speaks of fileId and keeps files for ever;
//     SendGo takes files as objects with the content in base64 under any usual name, or as
//     that text alone.
//   - Channel and template ids of the vendor's form are taken without being known.
//     A template that was created here must be approved and belong to the channel
//     (1042), text must match it (1043), buttons too (1044, 1046, 1047, 1052). A
//     template not known here and no text: the variables stand for the text.
//   - A review approves every template but one that contains (광고), unless the scenario has
//     another inspector. GET /_sim/templates shows every template of every vendor, and PUT
//     {"vendor","template_id","state","comment"} puts one into a state: so it falls dormant, is
//     stopped, or is judged at once. One of SENS, whose templates are written in a console, is
//     made that way. A template that was written here is not sent before it is approved, and a
//     text that is not what it makes fails, at NHN Cloud, SENS, Aligo and SendGo as Kakao's 3016.
//   - Solapi shows a template that sleeps as APPROVED with dormant true, one that was stopped
//     with block true. Every channel token of digits is taken but 000000.
//   - An account that may use every sender number lists the house's two and those it used.
//   - The vendor's own fail-over is a second message in the same group with
//     replacement true and the same customFields: the next of replacements, else
//     replacementText or the text itself, as SMS or LMS by its length.
//   - Money: the group is paid whole at hand-over, from the balance (points are
//     always 0), and each final failure is given back at once. A scheduled group
//     that cannot be paid when due ends FAILED, its messages 2230, each reported.
//     Messages of a group whose schedule was cancelled, or that was over the daily
//     quota, become 2024 without a report; resend takes these again.
//   - A group is COMPLETE when all it sent is final, so one silent number keeps it
//     SENDING. The networkName of texts is ETC.
//   - Message lists begin with the newest, messages of a group with the oldest;
//     startKey is the first key of the page. A limit over 500 is 500. Dates without
//     an offset are Korean time.
//   - A webhook is called again every 10 s, five times in all, after anything but
//     200 within 5 s. X-Solapi-Event-Name and X-Solapi-Secret (SHA-1 of the secret)
//     are known from independent receivers only. A webhook registered without a
//     secret uses the account's. GROUP-REPORT comes once, when a group has ended.
//   - Codes' texts are ours but for those seen in the vendor's samples.
package simulator
