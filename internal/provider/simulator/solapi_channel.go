package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// channel is a Kakao channel that the account linked.
type channel struct {
	ChannelID        string   `json:"channelId"`
	SearchID         string   `json:"searchId"`
	AccountID        string   `json:"accountId"`
	PhoneNumber      string   `json:"phoneNumber"`
	SharedAccountIDs []string `json:"sharedAccountIds"`
	ChannelName      string   `json:"channelName"`
	DateCreated      string   `json:"dateCreated"`
	DateUpdated      string   `json:"dateUpdated"`
	CategoryCode     string   `json:"-"` // an SDK filters by it; it is not shown
}

func (c *channel) key() string { return c.ChannelID }

func (c *channel) field(field string) (string, bool) {
	switch field {
	case "channelId":
		return c.ChannelID, true
	case "searchId":
		return c.SearchID, true
	case "phoneNumber":
		return c.PhoneNumber, true
	case "categoryCode":
		return c.CategoryCode, true
	case "dateCreated":
		return c.DateCreated, true
	case "dateUpdated":
		return c.DateUpdated, true
	}
	return "", false
}

// category is a line of business, for channels and templates alike.
type category struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

var categoryList = []category{{"00200010001", "음식점"}, {"00300010001", "쇼핑"}, {"00500010001", "교육"}, {"01300010001", "기타"}}

func (s *Simulator) categories(*account, *http.Request) (any, error) { return categoryList, nil }

func (s *Simulator) listChannels(a *account, r *http.Request) (any, error) {
	return listOf(s, &a.channels, "channelList", r, "channelId", "searchId", "phoneNumber", "categoryCode", "dateCreated", "dateUpdated")
}

func (s *Simulator) getChannel(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.channels, r.PathValue("channel"), keep)
}

// channelRequest links a channel; its token came to the owner's phone, and this
// simulator, which has no phone, takes every one but 000000.
type channelRequest struct {
	SearchID     string `json:"searchId"`
	PhoneNumber  string `json:"phoneNumber"`
	CategoryCode string `json:"categoryCode"`
	Token        string `json:"token"`
}

func (c channelRequest) check() error {
	if !strings.HasPrefix(c.SearchID, "@") || packPhone(strings.ReplaceAll(c.PhoneNumber, "-", "")) == 0 {
		return invalid("searchId는 @로 시작하며 phoneNumber는 전화번호입니다.")
	}
	return nil
}

func (s *Simulator) channelToken(_ *account, r *http.Request) (any, error) {
	var body channelRequest
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	return map[string]bool{"success": true}, nil
}

func (s *Simulator) createChannel(a *account, r *http.Request) (any, error) {
	var body channelRequest
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	if body.CategoryCode == "" || !tokenForm(body.Token) {
		return nil, invalid("categoryCode와 token을 확인해 주세요.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(a.channels, func(c *channel) bool { return c.SearchID == body.SearchID }) {
		return nil, invalid("이미 연동된 채널입니다.")
	}
	now := time.Now()
	c := &channel{ChannelID: s.ids.kakao(channelPrefix, now), SearchID: body.SearchID, AccountID: a.id, PhoneNumber: body.PhoneNumber,
		SharedAccountIDs: []string{}, ChannelName: strings.TrimPrefix(body.SearchID, "@"), CategoryCode: body.CategoryCode, DateCreated: stamp(now), DateUpdated: stamp(now)}
	a.channels = append(a.channels, c)
	return marshal(c)
}

// deleteChannel removes a channel and its templates.
func (s *Simulator) deleteChannel(a *account, r *http.Request) (any, error) {
	return oneOf(s, &a.channels, r.PathValue("channel"), func(c *channel, _ time.Time) (fate, error) {
		a.templates = slices.DeleteFunc(a.templates, func(t *template) bool { return t.ChannelID != nil && *t.ChannelID == c.ChannelID })
		return goes, nil
	})
}
