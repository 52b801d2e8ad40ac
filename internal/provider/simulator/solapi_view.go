package simulator

import (
	"encoding/json"
	"maps"
	"slices"

	"creditmsg/internal/money"
)

// groupView is a group as the vendor shows it. The vendor's SDKs read it strictly:
// a field that is null here may be null, every other must be there.
type groupView struct {
	Count           groupCount                `json:"count"`
	CountForCharge  map[string]map[string]int `json:"countForCharge"`
	Balance         cashView                  `json:"balance"`
	Point           cashView                  `json:"point"`
	App             appView                   `json:"app"`
	ServiceMethod   string                    `json:"serviceMethod"`
	SDKVersion      *string                   `json:"sdkVersion"`
	OSPlatform      *string                   `json:"osPlatform"`
	Log             []logLine                 `json:"log"`
	Status          string                    `json:"status"`
	ScheduledDate   *string                   `json:"scheduledDate"`
	DateSent        *string                   `json:"dateSent"`
	DateCompleted   *string                   `json:"dateCompleted"`
	IsRefunded      bool                      `json:"isRefunded"`
	FlagUpdated     bool                      `json:"flagUpdated"`
	Prepaid         bool                      `json:"prepaid"`
	Strict          bool                      `json:"strict"`
	MasterAccountID *string                   `json:"masterAccountId"`
	AllowDuplicates bool                      `json:"allowDuplicates"`
	InternalID      string                    `json:"_id"`
	AccountID       string                    `json:"accountId"`
	APIVersion      string                    `json:"apiVersion"`
	CustomFields    map[string]string         `json:"customFields"`
	Hint            json.RawMessage           `json:"hint"`
	GroupID         string                    `json:"groupId"`

	Price       map[string]map[string]json.Number `json:"price"`
	DateCreated string                            `json:"dateCreated"`
	DateUpdated string                            `json:"dateUpdated"`
}

type cashView struct {
	Requested   json.Number `json:"requested"`
	Replacement json.Number `json:"replacement"`
	Refund      json.Number `json:"refund"`
	Sum         json.Number `json:"sum"`
}

type appView struct {
	Profit  map[string]int `json:"profit"`
	AppID   *string        `json:"appId"`
	Version *string        `json:"version"`
}

// typeNames are the types that counters must name, carried here or not: one SDK
// refuses a group that lacks any of them.
var typeNames = []string{"sms", "lms", "mms", "ata", "cta", "cti", "nsa", "rcs_sms", "rcs_lms", "rcs_mms", "rcs_tpl",
	"rcs_itpl", "rcs_ltpl", "fax", "voice"}

// noProfit is the profit of an app in a program without apps.
var noProfit = func() map[string]int {
	m := map[string]int{}
	for _, name := range typeNames {
		m[name] = 0
	}
	return m
}()

// view shows g. The caller holds the lock; the view shares nothing that changes.
func (g *group) view() groupView {
	fields := maps.Clone(g.customFields)
	if fields == nil {
		fields = map[string]string{}
	}
	cost := g.paid.requested + g.paid.replacement
	return groupView{
		Count: g.count, CountForCharge: g.countForCharge(),
		Balance:       cashView{won(g.paid.requested), won(g.paid.replacement), won(g.paid.refund), won(cost - g.paid.refund)},
		Point:         cashView{"0", "0", "0", "0"},
		App:           appView{Profit: noProfit, AppID: optional(g.agent.AppID)},
		ServiceMethod: "MT", SDKVersion: optional(g.agent.SDKVersion), OSPlatform: optional(g.agent.OSPlatform),
		Log: slices.Clone(g.log), Status: g.status,
		ScheduledDate: stampOrNil(g.scheduled), DateSent: stampOrNil(g.sent), DateCompleted: stampOrNil(g.completed),
		IsRefunded: g.count.Refund > 0, Prepaid: true, Strict: g.strict != nil && *g.strict, AllowDuplicates: g.allowDuplicates,
		InternalID: g.id, AccountID: g.account.id, APIVersion: "4", CustomFields: fields, Hint: g.hint, GroupID: g.id,
		Price:       map[string]map[string]json.Number{"82": g.priceView()},
		DateCreated: stamp(g.created), DateUpdated: stamp(g.updated),
	}
}

func (g *group) countForCharge() map[string]map[string]int {
	counts := make(map[string]map[string]int, len(typeNames))
	for _, name := range typeNames {
		counts[name] = map[string]int{}
	}
	for k, n := range g.charged {
		if n > 0 {
			counts[kind(k).lower()]["82"] = n
		}
	}
	return counts
}

// priceView is what the group pays, with 0 for the types that are not carried.
func (g *group) priceView() map[string]json.Number {
	view := priceView(g.prices)
	for _, name := range typeNames {
		if _, ok := view[name]; !ok {
			view[name] = "0"
		}
	}
	return view
}

// priceView is won by lower-case type.
func priceView(prices [kinds]money.Amount) map[string]json.Number {
	view := map[string]json.Number{}
	for k := sms; k < kinds; k++ {
		view[k.lower()] = won(prices[k])
	}
	return view
}

// optional is nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
