package simulator

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	tossMaxPage  = 5000
	tossLeast    = 100 // won
	tossMerchant = "tsimulator"
	tossKeyMost  = 300
	tossKeyLasts = 15 * 24 * time.Hour
	confirmFor   = 10 * time.Minute // from the payer's yes to the confirmation
)

// korean is the time that the vendor speaks.
var korean = time.FixedZone("KST", 9*60*60)

func stamp(t time.Time) string { return t.In(korean).Format(time.RFC3339) }

// tossBooks is what the vendor keeps of one merchant.
type tossBooks struct {
	payments map[string]*payment // by paymentKey
	orders   map[string]*payment // by orderId, the newest
	accounts map[string]*payment // by account number
	auths    map[string]*card    // by authKey: cards left in the window, not yet issued
	cards    map[string]*card    // by billingKey
	receipts map[string]*cashReceipt
	moved    []*movement
}

func newTossBooks() tossBooks {
	return tossBooks{
		payments: map[string]*payment{}, orders: map[string]*payment{}, accounts: map[string]*payment{},
		auths: map[string]*card{}, cards: map[string]*card{}, receipts: map[string]*cashReceipt{},
	}
}

// card is one that was typed into the window.
type card struct {
	number   string
	customer string
	billing  string
	at       time.Time
	removed  bool
}

// masked is how the vendor shows the number.
func (c *card) masked() string { return c.number[:8] + "****" + c.number[12:15] + "*" }

// label is what the table and the scenario go by.
func (c *card) label() string { return c.number }

func (s *Simulator) tossRoutes(mux *http.ServeMux) {
	on := func(pattern string, op operation) {
		mux.HandleFunc(pattern, s.serve(tossDialect, tossKeys, s.tossLetsIn, op))
	}
	on("POST /v1/payments/confirm", s.confirm)
	on("GET /v1/payments/{key}", s.reading(s.getPayment))
	on("GET /v1/payments/orders/{order}", s.reading(s.getOrder))
	on("POST /v1/payments/{key}/cancel", s.cancel)
	on("POST /v1/billing/authorizations/issue", s.issue)
	on("POST /v1/billing/{billing}", s.charge)
	on("DELETE /v1/billing/{billing}", s.removeCard)
	on("POST /v1/virtual-accounts", s.openAccount)
	on("POST /v1/cash-receipts", s.issueReceipt)
	on("POST /v1/cash-receipts/{receipt}/cancel", s.cancelReceipt)
	on("GET /v1/cash-receipts", s.reading(s.listReceipts))
	on("GET /v1/transactions", s.reading(s.listTransactions))
}

// tossLetsIn checks the secret key: the user of Basic, with an empty password.
func (s *Simulator) tossLetsIn(r *http.Request) *answer {
	user, password, ok := r.BasicAuth()
	var a answer
	switch {
	case !ok || password != "":
		a = tossSays(http.StatusForbidden, "INCORRECT_BASIC_AUTH_FORMAT")
	case subtle.ConstantTimeCompare([]byte(user), []byte(s.options.SecretKey)) != 1:
		a = tossSays(http.StatusUnauthorized, "UNAUTHORIZED_KEY")
	default:
		return nil
	}
	return &a
}

// reading is an operation that the scenario may make fail.
func (s *Simulator) reading(op operation) operation {
	return func(c *call) answer {
		if s.scenario.NoLookup {
			return c.dialect.broken
		}
		return op(c)
	}
}

// forced is the error that a test asks for by a header, before anything else is looked at.
func forced(c *call) *answer {
	code := c.r.Header.Get("TossPayments-Test-Code")
	if code == "" {
		return nil
	}
	a := tossRefuses(code)
	return &a
}

var orderForm = regexp.MustCompile(`^[A-Za-z0-9_-]{6,64}$`)

// read decodes the body of a request; it says what is wrong with it.
func (c *call) read(into any) *answer {
	if err := json.Unmarshal(c.body, into); err != nil {
		a := tossSays(http.StatusBadRequest, "INVALID_REQUEST")
		return &a
	}
	return nil
}

// sale checks what every sale has. taken says that the order already has a payment.
func (s *Simulator) sale(order string, amount int64) *answer {
	var a answer
	switch p := s.toss.orders[order]; {
	case !orderForm.MatchString(order):
		a = tossSays(http.StatusBadRequest, "INVALID_REQUEST")
	case amount < tossLeast:
		a = tossSays(http.StatusBadRequest, "BELOW_MINIMUM_AMOUNT")
	case p != nil && p.status != aborted && p.status != expired:
		a = tossSays(http.StatusBadRequest, "DUPLICATED_ORDER_ID")
	default:
		return nil
	}
	return &a
}

// newKey makes an identifier of the vendor's.
func newKey(prefix string) string { return prefix + strings.ToLower(rand.Text()) }

// digits makes a number of n digits.
func digits(n int) string {
	out := make([]byte, n)
	_, _ = rand.Read(out) // never fails
	for i, b := range out {
		out[i] = '0' + b%10
	}
	return string(out)
}
