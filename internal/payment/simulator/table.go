package simulator

import (
	"strconv"
	"strings"
)

// row is what happens to payments with one card, or of one payer of a virtual account.
type row struct {
	refuse   string // the vendor's code with which every payment is refused
	stripe   string // the same in the words of Stripe: a decline_code
	take     fault  // what the first request meets that takes money for an order
	give     fault  // what the first request meets that gives money of an order back
	never    string // the vendor's code with which every cancellation is refused
	later    string // the vendor's code with which the first cancellation is refused
	notices  crooked
	reverses bool // money that came to an account is taken back by its bank
	whole    bool // the payment can be cancelled as a whole only
}

// crooked says in which way notices are not as they should be.
type crooked struct{ twice, behind, late, forged bool }

// rows is the table of the package comment.
var rows = map[int]row{
	0:  {},
	1:  {refuse: "REJECT_CARD_PAYMENT", stripe: "insufficient_funds"},
	2:  {refuse: "REJECT_CARD_COMPANY", stripe: "generic_decline"},
	3:  {refuse: "INVALID_STOPPED_CARD", stripe: "lost_card"},
	4:  {refuse: "INVALID_CARD_EXPIRATION", stripe: "expired_card"},
	5:  {refuse: "EXCEED_MAX_AMOUNT", stripe: "card_velocity_exceeded"},
	6:  {refuse: "FDS_ERROR", stripe: "authentication_required"},
	7:  {refuse: "NOT_SUPPORTED_CARD_TYPE", stripe: "card_not_supported"},
	8:  {take: errorAfter},
	9:  {take: cutAfter},
	10: {take: errorBefore},
	11: {take: tooMany},
	12: {take: hangsAfter},
	13: {take: hangsBefore},
	14: {take: inProgress},
	15: {take: strangeAfter},
	16: {notices: crooked{twice: true}},
	17: {notices: crooked{behind: true}},
	18: {notices: crooked{late: true}},
	19: {reverses: true},
	20: {never: "NOT_CANCELABLE_PAYMENT"},
	21: {never: "EXCEED_MAX_REFUND_DUE"},
	22: {later: "FORBIDDEN_CONSECUTIVE_REQUEST"},
	23: {give: errorAfter},
	24: {give: cutAfter},
	25: {give: errorBefore},
	26: {give: tooMany},
	27: {give: hangsAfter},
	28: {give: inProgress},
	29: {whole: true},
	30: {notices: crooked{forged: true}},
}

// cardBlock begins the numbers of the table: 9000 00BB xxxx xxxx.
const cardBlock = "900000"

// rowOf finds the row of a card number, or of a payer's name that ends in #BB.
func rowOf(label string) (row, bool) {
	bb := ""
	if i := strings.LastIndexByte(label, '#'); i >= 0 {
		bb = label[i+1:]
	} else if len(label) == cardDigits && strings.HasPrefix(label, cardBlock) {
		bb = label[len(cardBlock):][:2]
	}
	n, err := strconv.Atoi(bb)
	if err != nil || len(bb) != 2 {
		return row{}, false
	}
	r, ok := rows[n]
	return r, ok
}

// cardDigits is how long the numbers are that the page takes.
const cardDigits = 16
