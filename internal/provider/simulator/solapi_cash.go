package simulator

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"creditmsg/internal/money"
)

// account is an Account at work.
type account struct {
	Account
	id        string
	opened    time.Time
	balance   money.Amount
	day       string // the Korean day that today counts
	today     int    // messages handed over on it
	groups    []*group
	hooks     []*hook
	files     []*file
	channels  []*channel           // of Solapi
	templates []*template          // of Solapi
	profiles  []*profile           // channels of the others
	sheets    []*sheet             // templates of the others
	keys      map[string]time.Time // idempotency keys of NHN Cloud, and when they came
	uploads   map[string]Shown     // pictures of other vendors than Solapi, by vendor and id

	token      string // of SendGo: the newest is valid
	tokenUntil time.Time
}

// newAccount opens an account.
func newAccount(a Account) *account {
	opened := &account{Account: a, id: a.ID, opened: time.Now(), balance: a.Balance}
	switch {
	case a.Balance == 0:
		opened.balance = defaultBalance
	case a.Balance < 0:
		opened.balance = 0
	}
	if opened.id == "" {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(a.Key)) // a hash never fails
		opened.id = strconv.FormatUint(10_000_000_000_000+sum.Sum64()%90_000_000_000_000, 10)
	}
	return opened
}

// sends says whether an account may use this sender number.
func (s *Simulator) sends(a *account, from string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	registered := s.registered(a)
	return len(registered) == 0 || slices.Contains(registered, from)
}

// getBalance is what the account has left.
func (s *Simulator) getBalance(a *account, _ *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type alert struct {
		NotificationBalance string   `json:"notificationBalance"`
		CurrentBalance      string   `json:"currentBalance"`
		Balances            []int    `json:"balances"`
		Channels            []string `json:"channels"`
		Enabled             bool     `json:"enabled"`
	}
	return struct {
		LowBalanceAlert  alert       `json:"lowBalanceAlert"`
		Point            int         `json:"point"`
		MinimumCash      int         `json:"minimumCash"`
		RechargeTo       int         `json:"rechargeTo"`
		RechargeTryCount int         `json:"rechargeTryCount"`
		AutoRecharge     int         `json:"autoRecharge"`
		AccountID        string      `json:"accountId"`
		Balance          json.Number `json:"balance"`
		Deposit          int         `json:"deposit"`
		BalanceOnly      int         `json:"balanceOnly"`
	}{
		LowBalanceAlert: alert{NotificationBalance: "0", CurrentBalance: string(won(a.balance)), Balances: []int{}, Channels: []string{}},
		AccountID:       a.id,
		Balance:         won(a.balance),
	}, nil
}

// unlimitedQuota is what an account without a quota is told.
const unlimitedQuota = 100_000_000

// getQuota is how many messages a day the account may send.
func (s *Simulator) getQuota(a *account, _ *http.Request) (any, error) {
	quota := a.DailyQuota
	if quota == 0 {
		quota = unlimitedQuota
	}
	return struct {
		AccountID      string `json:"accountId"`
		AutoAdjustment bool   `json:"autoAdjustment"`
		Quota          int    `json:"quota"`
		Min            int    `json:"min"`
		Max            int    `json:"max"`
		OverseasQuota  int    `json:"overseasQuota"`
		DateCreated    string `json:"dateCreated"`
		DateUpdated    string `json:"dateUpdated"`
	}{a.id, false, quota, quota, quota, 0, stamp(a.opened), stamp(a.opened)}, nil
}

// prices of the only country this simulator sends to.
func (s *Simulator) countryPrices() map[string]any {
	view := map[string]any{"countryId": "82", "countryName": "대한민국"}
	for name, price := range priceView(s.prices) {
		view[name] = price
	}
	return view
}

func (s *Simulator) getPricing(_ *account, r *http.Request) (any, error) {
	if !home(r) {
		return nil, notFound("요금 정보가 없는 국가입니다.")
	}
	return s.countryPrices(), nil
}

// home says that a request asks for Korea, or for no country.
func home(r *http.Request) bool {
	country := r.URL.Query().Get("countryId")
	return country == "" || country == "82"
}

func (s *Simulator) getPricingCountries(*account, *http.Request) (any, error) {
	return []any{s.countryPrices()}, nil
}

// getDefaultPricing is the price list for everybody, without a login.
func (s *Simulator) getDefaultPricing(_ *account, r *http.Request) (any, error) {
	if !home(r) {
		return []any{}, nil
	}
	s.mu.Lock()
	opened := stamp(s.order[0].opened)
	s.mu.Unlock()
	view := s.countryPrices()
	view["serviceMethod"], view["dateCreated"], view["dateUpdated"] = "MT", opened, opened
	return []any{view}, nil
}

// activeSenders lists the registered senders.
func (s *Simulator) activeSenders(a *account, _ *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.numbers(a), nil
}

// getMember is who logged in.
func (s *Simulator) getMember(a *account, _ *http.Request) (any, error) {
	return struct {
		MemberID    string `json:"memberId"`
		AccountID   string `json:"accountId"`
		Name        string `json:"name"`
		Email       string `json:"email"`
		Status      string `json:"status"`
		DateCreated string `json:"dateCreated"`
		DateUpdated string `json:"dateUpdated"`
	}{"MEMB" + a.id, a.id, "simulator", "simulator@example.com", "ACTIVE", stamp(a.opened), stamp(a.opened)}, nil
}
