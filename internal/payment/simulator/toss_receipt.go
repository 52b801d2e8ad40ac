package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// cashReceipt is one that the vendor had issued.
type cashReceipt struct {
	Key      string `json:"receiptKey"`
	OrderID  string `json:"orderId"`
	Name     string `json:"orderName"`
	Type     string `json:"type"`
	Issue    string `json:"issueNumber"`
	URL      string `json:"receiptUrl"`
	Kind     string `json:"transactionType"` // CONFIRM or CANCEL
	Identity string `json:"customerIdentityNumber"`
	Amount   int64  `json:"amount"`
	TaxFree  int64  `json:"taxFreeAmount"`
	Status   string `json:"issueStatus"`
	At       string `json:"requestedAt"`
	nth      int
	left     int64
}

// issueReceipt issues a cash receipt. As the vendor, it does not look whether the order was
// paid in cash, nor whether there is one already.
func (s *Simulator) issueReceipt(c *call) answer {
	var in struct {
		Amount   int64  `json:"amount"`
		OrderID  string `json:"orderId"`
		Name     string `json:"orderName"`
		Identity string `json:"customerIdentityNumber"`
		Type     string `json:"type"`
	}
	if a := c.read(&in); a != nil {
		return *a
	}
	if in.Amount <= 0 || !orderForm.MatchString(in.OrderID) || in.Name == "" || in.Identity == "" || len(in.Identity) > 30 ||
		in.Type != "소득공제" && in.Type != "지출증빙" {
		return tossRefuses("INVALID_REQUEST")
	}
	r := s.newReceipt(in.OrderID, in.Name, in.Type, "CONFIRM", in.Amount, c.now)
	r.Identity, r.left = in.Identity[:min(3, len(in.Identity))]+"****", in.Amount
	return answer{status: http.StatusOK, body: *r}
}

func (s *Simulator) newReceipt(order, name, kind, what string, amount int64, now time.Time) *cashReceipt {
	r := &cashReceipt{Key: newKey("csim_"), OrderID: order, Name: name, Type: kind, Issue: digits(9), Kind: what, Amount: amount,
		Status: "COMPLETED", At: stamp(now), nth: len(s.toss.receipts)}
	r.URL = "https://dashboard.tosspayments.com/cash-receipt?key=" + r.Key
	s.toss.receipts[r.Key] = r
	return r
}

// cancelReceipt takes one back, whole or in part.
func (s *Simulator) cancelReceipt(c *call) answer {
	var in struct {
		Amount *int64 `json:"amount"`
	}
	if len(c.body) > 0 {
		if a := c.read(&in); a != nil {
			return *a
		}
	}
	r := s.toss.receipts[c.r.PathValue("receipt")]
	if r == nil || r.Kind != "CONFIRM" {
		return tossRefuses("NOT_FOUND_RECEIPT")
	}
	amount := r.left
	if in.Amount != nil {
		amount = *in.Amount
	}
	if amount <= 0 || amount > r.left {
		return tossRefuses("INVALID_REQUEST")
	}
	r.left -= amount
	return answer{status: http.StatusOK, body: *s.newReceipt(r.OrderID, r.Name, r.Type, "CANCEL", amount, c.now)}
}

// listReceipts answers with those of one day.
func (s *Simulator) listReceipts(c *call) answer {
	day := c.r.URL.Query().Get("requestDate")
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return tossRefuses("INVALID_DATE")
	}
	data := []cashReceipt{}
	for _, r := range s.toss.receipts {
		if strings.HasPrefix(r.At, day) {
			data = append(data, *r)
		}
	}
	slices.SortFunc(data, func(a, b cashReceipt) int { return a.nth - b.nth })
	return answer{status: http.StatusOK, body: map[string]any{"hasNext": false, "lastCursor": len(data), "data": data}}
}
