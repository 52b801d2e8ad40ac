package invoice

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// field is what a column of a file says.
type field string

// The fields, as the caller names them in a mapping.
const (
	fieldReference field = "reference" // ours: site.message.seq.step.try
	fieldCall      field = "call"      // what the carrier calls the call, such as Solapi's group
	fieldMessage   field = "message"   // what the carrier calls the message
	fieldNumber    field = "number"
	fieldChannel   field = "channel"
	fieldResult    field = "result"
	fieldSent      field = "sent"
	fieldReported  field = "reported"
	fieldPrice     field = "price"
	fieldVAT       field = "vat" // whether the line's price includes VAT
)

var fields = []field{fieldReference, fieldCall, fieldMessage, fieldNumber, fieldChannel, fieldResult, fieldSent, fieldReported, fieldPrice, fieldVAT}

// preset is how the files of one kind of carrier usually look.
type preset struct {
	columns   map[field][]string // names of a column, the best first
	delivered []string           // result codes
	open      []string           // result codes that are not final
	codes     bool               // every other code is a failure
}

// general names are understood in every file; the presets' own come first.
var general = preset{
	columns: map[field][]string{
		fieldReference: {"reference", "ref", "참조번호", "고객참조값"},
		fieldCall:      {"call", "group_id", "request_id", "그룹ID", "요청ID"},
		fieldMessage:   {"message", "message_id", "msgid", "메시지ID", "메시지 ID"},
		fieldNumber:    {"number", "to", "recipient", "수신번호", "받는번호", "전화번호"},
		fieldChannel:   {"channel", "type", "채널", "유형", "구분", "메시지유형"},
		fieldResult:    {"result", "status", "code", "결과", "결과코드", "전송결과", "상태"},
		fieldSent:      {"sent", "sent_at", "발송시간", "발송일시", "전송일시", "요청일시"},
		fieldReported:  {"reported", "reported_at", "수신시간", "수신일시", "결과수신일시"},
		fieldPrice:     {"price", "unit_price", "cost", "단가", "금액", "요금"},
		fieldVAT:       {"vat", "부가세", "부가세포함"},
	},
	delivered: []string{"delivered", "success", "성공", "전송성공", "발송성공", "완료"},
	open:      []string{"pending", "sending", "대기", "전송중", "발송중"},
}

// presets by the kind of a provider account.
var presets = map[string]preset{
	"solapi": {
		columns: map[field][]string{
			fieldReference: {"customFields.ref", "customFields", "사용자정의필드"},
			fieldCall:      {"groupId", "그룹아이디", "그룹 아이디"},
			fieldMessage:   {"messageId", "_id", "메시지아이디", "메시지 아이디"},
			fieldChannel:   {"type", "메시지 유형", "타입"},
			fieldResult:    {"statusCode", "상태코드", "상태 코드"},
			fieldSent:      {"dateProcessed", "dateSent", "dateCreated"},
			fieldReported:  {"dateReported", "dateReceived"},
		},
		delivered: []string{"4000"}, open: []string{"2000", "3000"}, codes: true,
	},
}

// failedWords say that a message failed, where codes are words.
var failedWords = []string{"failed", "fail", "failure", "실패", "전송실패", "발송실패"}

// channelWords are spellings of our channels.
var channelWords = map[string]string{
	"alimtalk": "alimtalk", "ata": "alimtalk", "at": "alimtalk", "알림톡": "alimtalk", "카카오알림톡": "alimtalk",
	"sms": "sms", "단문": "sms", "lms": "lms", "장문": "lms", "mms": "mms", "멀티": "mms", "포토": "mms",
}

// otherChannelWord is a channel that we do not send.
const otherChannelWord = "other"

// layout says which column of one file is what.
type layout struct {
	at        map[field]int
	names     map[field]string
	delivered []string
	open      []string
	codes     bool
	vat       bool // prices include VAT where no column says otherwise
}

// layoutOf finds the columns of a file by the caller's mapping, the preset of the kind and
// the general names. A column is taken once.
func layoutOf(header []string, kind string, mapping map[string]string, delivered []string, vat bool) (layout, error) {
	own := presets[kind]
	l := layout{at: map[field]int{}, names: map[field]string{}, vat: vat, codes: own.codes || len(delivered) > 0,
		delivered: slices.Concat(delivered, own.delivered), open: own.open}
	if !l.codes {
		l.delivered, l.open = general.delivered, general.open
	}
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		f := field(name)
		if !slices.Contains(fields, f) {
			return l, fault.Check("/columns/"+name, "there is no such field: use %v", fields)
		}
		if !l.take(header, f, mapping[name]) {
			return l, fault.Check("/columns/"+name, "the file has no column %.60q, or it is taken; its first line names: %s", mapping[name], strings.Join(header[:min(len(header), 20)], ", "))
		}
	}
	for _, names := range []map[field][]string{own.columns, general.columns} {
		for _, f := range fields {
			for _, name := range names[f] {
				if _, found := l.at[f]; !found {
					l.take(header, f, name)
				}
			}
		}
	}
	return l, l.check()
}

// take gives a field the column of this name.
func (l *layout) take(header []string, f field, name string) bool {
	name = korea.Normalise(strings.TrimSpace(name))
	for i, h := range header {
		if strings.EqualFold(h, name) && !slices.Contains(slices.Collect(maps.Values(l.at)), i) {
			l.at[f], l.names[f] = i, h
			return true
		}
	}
	return false
}

// check refuses a file that cannot be matched, or does not say what is billed.
func (l *layout) check() error {
	_, ref := l.at[fieldReference]
	_, call := l.at[fieldCall]
	_, number := l.at[fieldNumber]
	_, result := l.at[fieldResult]
	_, price := l.at[fieldPrice]
	switch {
	case !ref && !(call && number):
		return fault.Check("/columns/reference", "no column holds our reference, nor two the carrier's id of the call and the number: say which, as in reference=NAME")
	case !result && !price:
		return fault.Check("/columns/price", "no column says what is billed: name the one with the unit price, or the one with the result")
	}
	return nil
}

// place points to a cell for people.
func (l *layout) place(line int, f field) string {
	return fmt.Sprintf("/lines/%d/%s", line, l.names[f])
}
