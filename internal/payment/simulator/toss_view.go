package simulator

import "time"

// paymentView is the vendor's Payment object, as far as it is known to be used.
type paymentView struct {
	Version      string       `json:"version"`
	Key          string       `json:"paymentKey"`
	Type         string       `json:"type"`
	OrderID      string       `json:"orderId"`
	OrderName    string       `json:"orderName"`
	Merchant     string       `json:"mId"`
	Currency     string       `json:"currency"`
	Method       string       `json:"method"`
	Total        int64        `json:"totalAmount"`
	Balance      int64        `json:"balanceAmount"`
	Supplied     int64        `json:"suppliedAmount"`
	VAT          int64        `json:"vat"`
	TaxFree      int64        `json:"taxFreeAmount"`
	Status       string       `json:"status"`
	Requested    string       `json:"requestedAt"`
	Approved     *string      `json:"approvedAt"`
	Last         string       `json:"lastTransactionKey"`
	Partial      bool         `json:"isPartialCancelable"`
	Cancels      []cancelView `json:"cancels"`
	Card         *cardView    `json:"card"`
	Account      *accountView `json:"virtualAccount"`
	Receipt      *linkView    `json:"receipt"`
	CashReceipt  any          `json:"cashReceipt"`
	Failure      *tossError   `json:"failure"`
	Secret       *string      `json:"secret"`
	UseEscrow    bool         `json:"useEscrow"`
	Transfer     any          `json:"transfer"`
	EasyPay      any          `json:"easyPay"`
	Country      string       `json:"country"`
	CashReceipts any          `json:"cashReceipts"`
}

type linkView struct {
	URL string `json:"url"`
}

type cardView struct {
	Amount    int64  `json:"amount"`
	Issuer    string `json:"issuerCode"`
	Acquirer  string `json:"acquirerCode"`
	Number    string `json:"number"`
	Months    int    `json:"installmentPlanMonths"`
	ApproveNo string `json:"approveNo"`
	Type      string `json:"cardType"`
	Owner     string `json:"ownerType"`
	Acquire   string `json:"acquireStatus"`
}

type accountView struct {
	Type       string `json:"accountType"`
	Number     string `json:"accountNumber"`
	Bank       string `json:"bankCode"`
	Customer   string `json:"customerName"`
	Due        string `json:"dueDate"`
	Expired    bool   `json:"expired"`
	Settlement string `json:"settlementStatus"`
	Refund     string `json:"refundStatus"`
}

type cancelView struct {
	Amount     int64  `json:"cancelAmount"`
	Reason     string `json:"cancelReason"`
	TaxFree    int64  `json:"taxFreeAmount"`
	Refundable int64  `json:"refundableAmount"`
	At         string `json:"canceledAt"`
	Key        string `json:"transactionKey"`
	ReceiptKey any    `json:"receiptKey"`
	Status     string `json:"cancelStatus"`
}

// vatOf is the vendor's rule: an eleventh of what is left, rounded half up.
func vatOf(total int64) int64 { return (2*total + 11) / 22 }

func (p *payment) view() paymentView {
	balance := p.balance()
	v := paymentView{
		Version: "2022-11-16", Key: p.key, Type: p.kind, OrderID: p.order, OrderName: p.name, Merchant: tossMerchant,
		Currency: "KRW", Country: "KR", Method: p.method(), Total: p.total, Balance: balance, VAT: vatOf(balance), Supplied: balance - vatOf(balance),
		Status: p.status, Requested: stamp(p.requested), Last: p.last, Partial: p.partial(),
		Cancels: append([]cancelView(nil), p.cancels...), Failure: p.failure, Secret: &p.secret,
	}
	if !p.approved.IsZero() {
		at := stamp(p.approved)
		v.Approved = &at
		v.Receipt = &linkView{"https://dashboard.tosspayments.com/receipt/redirection?transactionId=" + p.key}
	}
	if p.card != nil {
		v.Card = &cardView{Amount: p.total, Issuer: "41", Acquirer: "41", Number: p.card.masked(), ApproveNo: "00000000", Type: "신용", Owner: "개인", Acquire: "READY"}
	}
	if a := p.account; a != nil {
		v.Account = &accountView{Type: "일반", Number: a.number, Bank: a.bank, Customer: a.payer, Due: a.due.In(korean).Format(time.RFC3339),
			Expired: p.status == expired, Settlement: "INCOMPLETED", Refund: a.refund}
	}
	return v
}

// billingView is the vendor's Billing object.
type billingView struct {
	Merchant      string   `json:"mId"`
	Customer      string   `json:"customerKey"`
	Authenticated string   `json:"authenticatedAt"`
	Method        string   `json:"method"`
	Key           string   `json:"billingKey"`
	Card          cardView `json:"card"`
	Company       string   `json:"cardCompany"`
	Number        string   `json:"cardNumber"`
}

func (c *card) view() billingView {
	return billingView{
		Merchant: tossMerchant, Customer: c.customer, Authenticated: stamp(c.at), Method: "카드", Key: c.billing, Company: "신한", Number: c.masked(),
		Card: cardView{Issuer: "41", Acquirer: "41", Number: c.masked(), Type: "신용", Owner: "개인"},
	}
}
