package toss

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

const (
	transmissionID  = "Tosspayments-Webhook-Transmission-Id"
	depositCallback = "DEPOSIT_CALLBACK" // of calls that do not say what they are
	statusChanged   = "PAYMENT_STATUS_CHANGED"
	billingDeleted  = "BILLING_DELETED"
	maxSecret       = 50
)

// Notice reads a call of the vendor. Calls about payments are not signed.
func (a *account) Notice(h http.Header, body []byte, _ time.Time) (payment.Notice, error) {
	n, err := readNotice(body)
	if err != nil {
		return payment.Notice{}, err
	}
	if n.ID = upstream.Code(h.Get(transmissionID)); n.ID == "" {
		sum := sha256.Sum256(body)
		n.ID = hex.EncodeToString(sum[:])
	}
	return n, nil
}

// readNotice reads what a call is about.
func readNotice(body []byte) (payment.Notice, error) {
	var call struct {
		Event   string          `json:"eventType"`
		Data    json.RawMessage `json:"data"`
		Secret  string          `json:"secret"`
		OrderID string          `json:"orderId"`
	}
	if err := upstream.Lenient(json.Unmarshal(body, &call)); err != nil {
		return payment.Notice{}, errors.New("read notice: it is not JSON")
	}
	switch {
	case call.Event == statusChanged:
		return paymentNotice(call.Data)
	case call.Event == billingDeleted:
		return billingNotice(call.Data)
	case call.Event != "":
		return payment.Notice{Kind: upstream.Code(call.Event)}, nil
	case call.Secret == "" || len(call.Secret) > maxSecret || !payment.ValidOrderID(call.OrderID):
		return payment.Notice{}, errors.New("read notice: it is about nothing")
	}
	return payment.Notice{Kind: depositCallback, OrderID: call.OrderID, Secret: call.Secret}, nil
}

func paymentNotice(data []byte) (payment.Notice, error) {
	var p struct {
		Key     string `json:"paymentKey"`
		OrderID string `json:"orderId"`
	}
	if err := upstream.Lenient(json.Unmarshal(data, &p)); err != nil || !payment.ValidOrderID(p.OrderID) || p.Key != "" && !validRef(p.Key) {
		return payment.Notice{}, errors.New("read notice: it names no payment")
	}
	return payment.Notice{Kind: statusChanged, OrderID: p.OrderID, Ref: p.Key}, nil
}

func billingNotice(data []byte) (payment.Notice, error) {
	var b struct {
		Key string `json:"billingKey"`
	}
	if err := upstream.Lenient(json.Unmarshal(data, &b)); err != nil || !validRef(b.Key) {
		return payment.Notice{}, errors.New("read notice: it names no stored card")
	}
	return payment.Notice{Kind: billingDeleted, Token: b.Key}, nil
}
