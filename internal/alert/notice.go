package alert

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/event"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/provider"
)

// What of an event is told, and to whom, is decided here, without a database.

// notice is what an event has people told.
type notice struct {
	site     string // the wording for the site's people; "" = they are told nothing
	topic    Topic  // of site
	operator string // the wording for the operator; "" = he is told nothing
	facts    facts
}

// wording gives the wording for a contact; "" = it is told nothing.
func (n notice) wording(m mark) string {
	if m != "" && m[0] == 'o' {
		return n.operator
	}
	return n.site
}

// facts are what events say, as far as people are told of it.
type facts struct {
	Level       money.Amount   `json:"level"`
	Available   money.Amount   `json:"available"`
	Threshold   money.Amount   `json:"threshold"`
	Amount      money.Amount   `json:"amount"`
	Total       money.Amount   `json:"total"`
	Owed        money.Amount   `json:"owed"`
	Recharging  bool           `json:"recharging"`
	Auto        bool           `json:"auto"`
	RunsOut     time.Time      `json:"runs_out_at"`
	Expires     time.Time      `json:"expires_at"`
	Days        int            `json:"days"`
	Declines    int            `json:"declines"`
	Payment     string         `json:"payment_id"`
	Gateway     string         `json:"gateway"`
	Reason      reason         `json:"reason"`
	What        string         `json:"what"`
	Day         string         `json:"day"`
	Differences int            `json:"differences"`
	Kinds       map[string]int `json:"kinds"`
	Period      string         `json:"period"`  // of a cap: day or month
	Percent     int            `json:"percent"` // of it that is used
	Limit       string         `json:"limit"`
	Used        string         `json:"used"`
	Refused     bool           `json:"refused"` // a message would have gone over it
	ResetsAt    time.Time      `json:"resets_at"`
	Provider    string         `json:"provider"`
	Unit        provider.Unit  `json:"unit"`
	State       string         `json:"state"` // of a sender number
	Endpoint    string         `json:"endpoint_id"`
	Failing     time.Time      `json:"failing_since"`
	KeptDays    int            `json:"kept_days"`   // for which what happens waits for it
	Disabled    time.Time      `json:"disabled_at"` // of an endpoint that fails: when it will be
	sending     `json:"-"`     // of events about messages; those about payments name amounts alike
}

// reason is a normalised reason; some events give its code alone.
type reason struct{ payment.Reason }

// UnmarshalJSON reads both forms.
func (r *reason) UnmarshalJSON(text []byte) error {
	var long struct{ Code payment.Reason }
	if len(text) > 0 && text[0] == '{' {
		err := json.Unmarshal(text, &long)
		r.Reason = long.Code
		return err
	}
	return json.Unmarshal(text, &r.Reason)
}

// noticeOf decides what of an event is told.
func noticeOf(e event.Event) (n notice, err error) {
	if _, known := judges[e.Type]; !known {
		return n, nil
	}
	if err := json.Unmarshal(e.Data, &n.facts); err != nil {
		return n, fmt.Errorf("read event %s: %w", e.Type, err)
	}
	if family, _, _ := strings.Cut(e.Type, "."); family == "message" || family == "series" {
		if err := json.Unmarshal(e.Data, &n.facts.sending); err != nil {
			return n, fmt.Errorf("read event %s: %w", e.Type, err)
		}
	}
	judges[e.Type](&n)
	return n, nil
}

// judges are the types of events of which somebody may be told.
var judges = map[string]func(*notice){
	"credit.low":         func(n *notice) { n.to(LowBalance, "low") },
	"credit.expiring":    func(n *notice) { n.to(Expiring, "expiring") },
	"credit.cap_reached": func(n *notice) { n.to(CapReached, "cap") },
	"credit.payment_cancelled": func(n *notice) {
		if n.facts.Owed > 0 {
			n.to(Owed, "owed")
			n.operator = "operator_owed"
		}
	},
	"credit.refund_requested": func(n *notice) {
		n.operator = "operator_refund"
	},
	"payment.declined":       (*notice).failed,
	"payment.failed":         (*notice).failed,
	"payment.unknown":        func(n *notice) { n.to(PaymentFailed, "unknown") },
	"payment.cancel_refused": func(n *notice) { n.to(PaymentFailed, "cancel_refused") },
	"message.done":           (*notice).ended,
	"message.cancelled":      (*notice).ended,
	"message.review":         func(n *notice) { n.to(Reviews, "review") },
	"sender.requested":       func(n *notice) { n.operator = "operator_sender" },
	"sender.approved":        func(n *notice) { n.to(Registrations, "sender") },
	"sender.rejected":        func(n *notice) { n.to(Registrations, "sender") },
	"sender.blocked":         func(n *notice) { n.to(Registrations, "sender") },
	"series.failed":          func(n *notice) { n.to(Repeated, "series_failed") },
	"webhook.disabled":       func(n *notice) { n.to(Endpoints, "webhook_disabled") },
	"webhook.failing":        func(n *notice) { n.to(Endpoints, "webhook_failing") },
	"payment.strange":        func(n *notice) { n.operator = "operator_strange" },
	"payments.differ":        func(n *notice) { n.operator = "operator_differ" },
	"provider.balance_low":   func(n *notice) { n.operator = "operator_provider_low" },
	"recharge.stopped": func(n *notice) {
		n.to(PaymentFailed, "stopped_cap")
		if n.facts.Reason.Reason == "no_card" {
			n.site = "stopped_no_card"
		}
	},
	"recharge.disabled": func(n *notice) {
		n.to(PaymentFailed, "disabled")
		n.operator = "operator_disabled"
	},
}

func (n *notice) to(t Topic, wording string) { n.topic, n.site = t, wording }

// failed tells of a payment that brought nothing, unless its payer let it be. What only the
// operator can mend is told the operator too.
func (n *notice) failed() {
	r := n.facts.Reason.Reason
	if r == payment.PayerLeft || r == payment.AccountLapsed {
		return
	}
	n.to(PaymentFailed, "failed")
	if r.Operators() {
		n.operator = "operator_failed"
	}
}
