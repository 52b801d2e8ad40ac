package simulator

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed checkout.html
var checkoutText string

//go:embed deposit.html
var depositText string

var (
	checkoutPage = template.Must(template.New("checkout").Parse(checkoutText))
	depositPage  = template.Must(template.New("deposit").Parse(depositText))
)

// goodCard is what the page holds when it opens.
const goodCard = "4330123412341234"

// window is what the payer's window was opened with. Without an order it takes a card to be
// left with the vendor.
type window struct {
	OrderID, Name, Customer string
	Amount                  int64
	SuccessURL, FailURL     string
	Fields                  map[string]string // all of it, for the form
	Card, Problem           string
}

// Storing reports whether a card is to be left.
func (v *window) Storing() bool { return v.OrderID == "" }

// readWindow reads what the page was opened with; ok is false when it makes no sense.
func (s *Simulator) readWindow(q url.Values) (v window, ok bool) {
	v = window{OrderID: q.Get("orderId"), Name: q.Get("orderName"), Customer: q.Get("customerKey"),
		SuccessURL: q.Get("successUrl"), FailURL: q.Get("failUrl"), Fields: map[string]string{}, Card: goodCard}
	for name := range q {
		if name != "card" && name != "action" {
			v.Fields[name] = q.Get(name)
		}
	}
	if q.Get("clientKey") != s.options.ClientKey || !webAddress(v.SuccessURL) || !webAddress(v.FailURL) ||
		utf8.RuneCountInString(v.Name) > longestName || len(v.Customer) > longestCustomer {
		return v, false
	}
	if v.Storing() {
		return v, v.Customer != ""
	}
	amount, err := strconv.ParseInt(q.Get("amount"), 10, 64)
	v.Amount = amount
	return v, err == nil && amount > 0 && orderForm.MatchString(v.OrderID) && v.Name != ""
}

// What the vendor takes of an order's name, in characters, and of a customer's key.
const (
	longestName     = 100
	longestCustomer = 300
)

// webAddress keeps anything but a page out of a redirect.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// getCheckout shows the window. Looking at it changes nothing.
func (s *Simulator) getCheckout(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("session"); id != "" {
		s.getPage(w, id)
		return
	}
	v, ok := s.readWindow(r.URL.Query())
	if !ok {
		http.Error(w, "결제창을 열 수 없습니다: clientKey, orderId, orderName, amount, successUrl, failUrl을 확인하세요", http.StatusBadRequest)
		return
	}
	show(w, http.StatusOK, checkoutPage, &v)
}

func show(w http.ResponseWriter, status int, page *template.Template, v any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(status)
	_ = page.Execute(w, v) // the browser may be gone
}

// postCheckout does what the payer chose and sends the browser back.
func (s *Simulator) postCheckout(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "요청을 읽을 수 없습니다", http.StatusBadRequest)
		return
	}
	number := strings.NewReplacer("-", "", " ", "").Replace(r.PostForm.Get("card"))
	action := r.PostForm.Get("action")
	if r.PostForm.Has("session") {
		s.postPage(w, r, number, action)
		return
	}
	v, ok := s.readWindow(r.PostForm)
	switch {
	case !ok:
		http.Error(w, "결제창을 열 수 없습니다", http.StatusBadRequest)
	case action == "leave":
		http.Redirect(w, r, with(v.FailURL, "code", "PAY_PROCESS_CANCELED", "message", tossTexts["PAY_PROCESS_CANCELED"]), http.StatusSeeOther)
	case !cardNumber(number):
		v.Card, v.Problem = number, notANumber
		show(w, http.StatusUnprocessableEntity, checkoutPage, &v)
	default:
		http.Redirect(w, r, s.played(&v, &card{number: number, customer: v.Customer}, action == "pay"), http.StatusSeeOther)
	}
}

// Pay plays a payer who opens the window at an address and pays with a card, and gives where
// his browser goes then; "" = there is no such window, or no such card. It is for demos, in
// which nobody sits before the window.
func (s *Simulator) Pay(window, number string) (back string) {
	u, err := url.Parse(window)
	if err != nil {
		return ""
	}
	v, ok := s.readWindow(u.Query())
	if !ok || !cardNumber(number) {
		return ""
	}
	return s.played(&v, &card{number: number, customer: v.Customer}, true)
}

const notANumber = "카드 번호는 숫자 16자리입니다"

func cardNumber(text string) bool {
	return len(text) == cardDigits && strings.Trim(text, "0123456789") == ""
}

// played is the address that the browser goes to after a card was typed in.
func (s *Simulator) played(v *window, c *card, yes bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	refused := []string{"code", "REJECT_CARD_COMPANY", "message", tossTexts["REJECT_CARD_COMPANY"], "orderId", v.OrderID}
	if v.Storing() {
		if !yes {
			return with(v.FailURL, refused[:4]...)
		}
		auth := newKey("asim_")
		s.toss.auths[auth] = c
		s.after(now, confirmFor, func(time.Time) { delete(s.toss.auths, auth) })
		return with(v.SuccessURL, "customerKey", v.Customer, "authKey", auth)
	}
	if before := s.toss.orders[v.OrderID]; before != nil && before.status != aborted && before.status != expired {
		return with(v.FailURL, "code", "DUPLICATED_ORDER_ID", "message", tossTexts["DUPLICATED_ORDER_ID"], "orderId", v.OrderID)
	}
	p := s.add(&payment{order: v.OrderID, name: v.Name, customer: v.Customer, kind: "NORMAL", status: inProcess, total: v.Amount, requested: now, card: c})
	if !yes {
		s.ended(p, aborted, "REJECT_CARD_COMPANY", now)
		return with(v.FailURL, refused...)
	}
	s.lapse(p, now, confirmFor, inProcess)
	return with(v.SuccessURL, "paymentType", "NORMAL", "paymentKey", p.key, "orderId", p.order, "amount", strconv.FormatInt(p.total, 10))
}

// with adds a query to an address that may have one.
func with(address string, pairs ...string) string {
	u, err := url.Parse(address) // was checked
	if err != nil {
		return address
	}
	q := u.Query()
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}
