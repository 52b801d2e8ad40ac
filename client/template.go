package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Registration is a template at one provider account. Doing is what is under way: submit,
// withdraw, comment, release or remove.
type Registration struct {
	Provider   string            `json:"provider"`
	ChannelID  string            `json:"channel_id"`
	TemplateID string            `json:"template_id"` // "" until the vendor gave one
	State      string            `json:"state"`       // as the vendor has it
	Doing      string            `json:"doing"`
	Problem    string            `json:"problem"` // why what was asked for is not done, or not yet
	Comments   []TemplateComment `json:"comments"`
	CheckedAt  *time.Time        `json:"checked_at"`
}

// TemplateComment is what the inspector or the site wrote about a template.
type TemplateComment struct {
	Text        string     `json:"text"`
	ByInspector bool       `json:"by_inspector"`
	At          *time.Time `json:"at"` // nil where the vendor does not say
}

// TemplateWish says where something is asked for about a template, and more.
type TemplateWish struct {
	Providers []string         `json:"providers,omitempty"` // none = all where it can be
	Comment   string           `json:"comment,omitempty"`   // to the inspector
	Purpose   *TemplatePurpose `json:"purpose,omitempty"`   // of SubmitTemplate, for vendors that ask
}

// TemplatePurpose declares what a template is for. Confirmed says that somebody has checked that
// its readers agreed, that its links are plain and that it keeps the vendor's rules.
type TemplatePurpose struct {
	Purpose   string `json:"purpose"`
	Basis     string `json:"legal_basis"`
	Benefit   string `json:"benefit_origin"`
	Expiry    string `json:"expiry_type"`
	Confirmed bool   `json:"confirmed"`
}

// SubmitTemplate has a template registered and inspected at the vendors. That goes on by itself;
// its Registrations tell how far it is.
func (c *Client) SubmitTemplate(ctx context.Context, code string, w TemplateWish) (Template, error) {
	return write[Template](ctx, c, http.MethodPost, w, "v1", "templates", code, "submit")
}

// WithdrawTemplate takes a template out of its inspection.
func (c *Client) WithdrawTemplate(ctx context.Context, code string, w TemplateWish) (Template, error) {
	return write[Template](ctx, c, http.MethodPost, w, "v1", "templates", code, "withdraw")
}

// CommentTemplate writes to the inspector of a template.
func (c *Client) CommentTemplate(ctx context.Context, code string, w TemplateWish) (Template, error) {
	return write[Template](ctx, c, http.MethodPost, w, "v1", "templates", code, "comments")
}

// ReleaseTemplate wakes a template that has become dormant.
func (c *Client) ReleaseTemplate(ctx context.Context, code string, w TemplateWish) (Template, error) {
	return write[Template](ctx, c, http.MethodPost, w, "v1", "templates", code, "release")
}

// SyncTemplate has the vendors asked where a template stands.
func (c *Client) SyncTemplate(ctx context.Context, code string, w TemplateWish) (Template, error) {
	return write[Template](ctx, c, http.MethodPost, w, "v1", "templates", code, "sync")
}

// ChannelRegistration is where a Kakao channel stands at a provider account: asked, after its
// manager was sent a number, or registered.
type ChannelRegistration struct {
	Provider  string    `json:"provider,omitempty"`
	State     string    `json:"state"`
	ChannelID string    `json:"channel_id"`
	ChangedAt time.Time `json:"changed_at"`
}

// ChannelCategory is a line of business that a channel is registered with.
type ChannelCategory struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// KakaoAccount is a provider account at which channels and templates of the site can be registered.
type KakaoAccount struct {
	Provider          string   `json:"provider"`
	RegistersChannels bool     `json:"registers_channels"` // by request; elsewhere the operator sets the id
	TemplateActs      []string `json:"template_acts"`      // submit, withdraw, comment, release, remove, as its vendor takes them
	WantsPurpose      bool     `json:"wants_purpose"`      // a submission says what the template is for
}

// KakaoAccounts lists the provider accounts that carry Alimtalk for the site: there are few.
func (c *Client) KakaoAccounts(ctx context.Context) (Page[KakaoAccount], error) {
	return get[Page[KakaoAccount]](ctx, c, nil, "v1", "kakao-accounts")
}

// ChannelCategories lists the lines of business of a provider account.
func (c *Client) ChannelCategories(ctx context.Context, provider string) (Page[ChannelCategory], error) {
	return get[Page[ChannelCategory]](ctx, c, url.Values{"provider": {provider}}, "v1", "kakao-channel-categories")
}

// ClaimKakaoChannel has Kakao send a number to the manager of a channel.
func (c *Client) ClaimKakaoChannel(ctx context.Context, name, provider, managerPhone, category string) (ChannelRegistration, error) {
	in := struct {
		Provider     string `json:"provider"`
		ManagerPhone string `json:"manager_phone"`
		Category     string `json:"category"`
	}{provider, managerPhone, category}
	return write[ChannelRegistration](ctx, c, http.MethodPost, in, "v1", "kakao-channels", name, "registrations")
}

// RegisterKakaoChannel registers a channel with the number that its manager got.
func (c *Client) RegisterKakaoChannel(ctx context.Context, name, provider, token string) (ChannelRegistration, error) {
	in := struct {
		Token string `json:"token"`
	}{token}
	return write[ChannelRegistration](ctx, c, http.MethodPost, in, "v1", "kakao-channels", name, "registrations", provider)
}
