package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

const (
	signatureHeader = "Stripe-Signature"
	tolerance       = 300 * time.Second
	maxSignatures   = 16 // more than one stand there while the secret is changed
)

// Notice reads a call of the vendor, which must bear a signature of the last five minutes.
func (a *account) Notice(h http.Header, body []byte, now time.Time) (payment.Notice, error) {
	if err := signed(h.Get(signatureHeader), a.secrets, body, now); err != nil {
		return payment.Notice{}, err
	}
	return readNotice(body)
}

// secretsOf are the secrets that prove notices.
func secretsOf(a payment.Account) []string {
	if a.WebhookOld == "" {
		return []string{a.WebhookSecret}
	}
	return []string{a.WebhookSecret, a.WebhookOld}
}

// signed proves a body: one of the signatures is that of a secret over the time and the
// body, and the time is near.
func signed(header string, secrets []string, body []byte, now time.Time) error {
	moment, signatures := "", [][]byte{}
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			moment = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil && len(signatures) < maxSignatures {
				signatures = append(signatures, sum)
			}
		}
	}
	seconds, err := strconv.ParseInt(moment, 10, 64)
	if err != nil || len(signatures) == 0 {
		return errors.New("read notice: it bears no signature")
	}
	fits := false
	for _, secret := range secrets {
		sum := hmac.New(sha256.New, []byte(secret))
		sum.Write([]byte(moment + "."))
		sum.Write(body)
		want := sum.Sum(nil)
		fits = slices.ContainsFunc(signatures, func(got []byte) bool { return hmac.Equal(got, want) }) || fits
	}
	switch {
	case !fits:
		return errors.New("read notice: its signature is not that of this gateway")
	case seconds < 0 || seconds > lastMoment || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance:
		return errors.New("read notice: its signature is not of the last five minutes")
	}
	return nil
}

// wireObject is what is read of the object that a call is about.
type wireObject struct {
	ID     string            `json:"id"`
	Object string            `json:"object"`
	Mode   string            `json:"mode"`
	Intent json.RawMessage   `json:"payment_intent"`
	Tags   map[string]string `json:"metadata"`
}

// readNotice reads what a call is about.
func readNotice(body []byte) (payment.Notice, error) {
	var call struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		Kind   string `json:"type"`
		Data   struct {
			Object wireObject `json:"object"`
		} `json:"data"`
	}
	if err := upstream.Lenient(json.Unmarshal(body, &call)); err != nil {
		return payment.Notice{}, errors.New("read notice: it is not JSON")
	}
	n := payment.Notice{ID: call.ID, Kind: upstream.Code(call.Kind)}
	if !validRef(n.ID) || n.Kind == "" || call.Object != "event" {
		return payment.Notice{}, errors.New("read notice: it is no event")
	}
	o := &call.Data.Object
	switch o.Object {
	case "payment_intent":
		n.Ref = o.ID
	case "charge", "refund", "dispute":
		n.Ref = o.intent()
	case "checkout.session":
		if n.Ref = o.intent(); n.Ref == "" && o.Mode == "payment" {
			n.Ref = o.ID
		}
	case "payment_method":
		if call.Kind == "payment_method.detached" && validRef(o.ID) {
			n.Token = o.ID
		}
		return n, nil
	default:
		return n, nil
	}
	return o.named(n)
}

// named adds the order. A payment without one of ours may be that of another shop of the same
// merchant; Find then says that it is not there.
func (o *wireObject) named(n payment.Notice) (payment.Notice, error) {
	if n.Ref != "" && !ofKind(n.Ref, intentID) && !ofKind(n.Ref, sessionID) {
		return payment.Notice{}, errors.New("read notice: it names no payment")
	}
	if order := o.Tags[orderTag]; payment.ValidOrderID(order) {
		n.OrderID = order
	}
	return n, nil
}

// intent is the payment that the object belongs to, whether it is expanded or not.
func (o *wireObject) intent() string {
	var id string
	if json.Unmarshal(o.Intent, &id) == nil {
		return id
	}
	var whole struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(o.Intent, &whole) != nil {
		return ""
	}
	return whole.ID
}
