package client

import (
	"context"
	"net/http"
	"time"
)

// Template is an Alimtalk template. State is set by operators and by providers.
type Template struct {
	Code    string   `json:"code"`
	Name    string   `json:"name,omitempty"`
	Channel string   `json:"channel"` // the Kakao channel's name, such as @demo
	Body    string   `json:"body"`    // with #{name} variables
	Buttons []Button `json:"buttons,omitempty"`
	TemplateParts
	State     string                      `json:"state,omitempty"` // draft, inspecting, approved, rejected, dormant or blocked
	Providers map[string]ProviderTemplate `json:"providers,omitempty"`

	// Registrations says where it stands at the provider accounts. It is read alone, as are the
	// times.
	Registrations []Registration `json:"registrations,omitempty"`
	CreatedAt     time.Time      `json:"created_at,omitzero"`
	UpdatedAt     time.Time      `json:"updated_at,omitzero"`
}

// written is what of a template is sent.
func (t Template) written() Template {
	t.Registrations, t.CreatedAt, t.UpdatedAt = nil, time.Time{}, time.Time{}
	return t
}

// TemplateParts are what a template may have besides its body and buttons.
type TemplateParts struct {
	QuickReplies []Button  `json:"quick_replies,omitempty"`
	Emphasis     *Emphasis `json:"emphasis,omitempty"` // not together with ItemList
	ItemList     *ItemList `json:"item_list,omitempty"`
	Extra        string    `json:"extra,omitempty"`    // fixed words below the body
	Category     string    `json:"category,omitempty"` // Kakao's code of six digits
	Secure       bool      `json:"secure,omitempty"`   // shown on the main device alone
}

// Emphasis is a title above the body of an Alimtalk, and the words below that.
type Emphasis struct {
	Title    string `json:"title"`
	Subtitle string `json:"subtitle"`
}

// ItemList is a table above the body of an Alimtalk.
type ItemList struct {
	Header    string `json:"header,omitempty"`
	Highlight *Item  `json:"highlight,omitempty"`
	Items     []Item `json:"items,omitempty"`
	Summary   *Item  `json:"summary,omitempty"`
}

// Item is a line of an ItemList.
type Item struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// Button is a button under an Alimtalk.
type Button struct {
	Type          string `json:"type"`
	Name          string `json:"name"`
	URLMobile     string `json:"url_mobile,omitempty"`
	URLPC         string `json:"url_pc,omitempty"`
	SchemeIOS     string `json:"scheme_ios,omitempty"`
	SchemeAndroid string `json:"scheme_android,omitempty"`
	FormID        string `json:"biz_form_id,omitempty"`
	PluginID      string `json:"plugin_id,omitempty"`
	PhoneNumber   string `json:"phone_number,omitempty"`
}

// ProviderTemplate is what one provider calls the template.
type ProviderTemplate struct {
	ChannelID  string `json:"channel_id"`
	TemplateID string `json:"template_id"`
}

// Sender is a sender number. State is requested, approved, rejected or blocked.
type Sender struct {
	Number string `json:"number"`
	State  string `json:"state,omitempty"`
	Reason string `json:"reason,omitempty"` // why the operator decided so
	Site   string `json:"site,omitempty"`   // whose it is; read alone

	// Providers says where the number stands at each provider account whose vendor lists its
	// sender numbers. It is read alone, as is what follows.
	Providers map[string]SenderStanding `json:"providers,omitempty"`
	Default   bool                      `json:"default,omitempty"` // of texts that name none
	CreatedAt time.Time                 `json:"created_at,omitzero"`
}

// KakaoChannel is a Kakao business channel.
type KakaoChannel struct {
	Name      string `json:"name"` // with its @
	SenderKey string `json:"sender_key,omitempty"`

	// Providers is what provider accounts call it. Ids that a site names itself prove nothing; nil
	// leaves them.
	Providers map[string]string `json:"providers,omitempty"`

	// Registrations says where it is proven to be the site's, by provider account. It is read
	// alone, as is the time.
	Registrations map[string]ChannelRegistration `json:"registrations,omitempty"`
	CreatedAt     time.Time                      `json:"created_at,omitzero"`
}

// written is what of a channel is sent.
func (k KakaoChannel) written() KakaoChannel {
	return KakaoChannel{Name: k.Name, SenderKey: k.SenderKey, Providers: k.Providers}
}

// Templates lists the templates.
func (c *Client) Templates(ctx context.Context, p Paging) (Page[Template], error) {
	return get[Page[Template]](ctx, c, p.query(), "v1", "templates")
}

// Template gets one template.
func (c *Client) Template(ctx context.Context, code string) (Template, error) {
	return get[Template](ctx, c, nil, "v1", "templates", code)
}

// AddTemplate makes a template.
func (c *Client) AddTemplate(ctx context.Context, t Template) (Template, error) {
	return write[Template](ctx, c, http.MethodPost, t.written(), "v1", "templates")
}

// PutTemplate replaces the template of t.Code.
func (c *Client) PutTemplate(ctx context.Context, t Template) (Template, error) {
	return write[Template](ctx, c, http.MethodPut, t.written(), "v1", "templates", t.Code)
}

// RemoveTemplate removes a template.
func (c *Client) RemoveTemplate(ctx context.Context, code string) error {
	return c.remove(ctx, "v1", "templates", code)
}

// Senders lists the sender numbers.
func (c *Client) Senders(ctx context.Context, p Paging) (Page[Sender], error) {
	return get[Page[Sender]](ctx, c, p.query(), "v1", "senders")
}

// SendersIn lists the sender numbers in a state; an operator asks for those of all sites with
// ForSite("*").
func (c *Client) SendersIn(ctx context.Context, state string, p Paging) (Page[Sender], error) {
	return get[Page[Sender]](ctx, c, p.query("state", state), "v1", "senders")
}

// AddSender asks for a sender number to be registered.
func (c *Client) AddSender(ctx context.Context, s Sender) (Sender, error) {
	return write[Sender](ctx, c, http.MethodPost, Sender{Number: s.Number, State: s.State}, "v1", "senders")
}

// RemoveSender removes a sender number; only the operator one that is blocked.
func (c *Client) RemoveSender(ctx context.Context, number string) error {
	return c.remove(ctx, "v1", "senders", number)
}

// KakaoChannels lists the Kakao channels.
func (c *Client) KakaoChannels(ctx context.Context, p Paging) (Page[KakaoChannel], error) {
	return get[Page[KakaoChannel]](ctx, c, p.query(), "v1", "kakao-channels")
}

// AddKakaoChannel adds a Kakao channel.
func (c *Client) AddKakaoChannel(ctx context.Context, k KakaoChannel) (KakaoChannel, error) {
	return write[KakaoChannel](ctx, c, http.MethodPost, k.written(), "v1", "kakao-channels")
}

// RemoveKakaoChannel removes a Kakao channel.
func (c *Client) RemoveKakaoChannel(ctx context.Context, name string) error {
	return c.remove(ctx, "v1", "kakao-channels", name)
}

// Sender gets one sender number.
func (c *Client) Sender(ctx context.Context, number string) (Sender, error) {
	return get[Sender](ctx, c, nil, "v1", "senders", number)
}

// KakaoChannel gets one Kakao channel.
func (c *Client) KakaoChannel(ctx context.Context, name string) (KakaoChannel, error) {
	return get[KakaoChannel](ctx, c, nil, "v1", "kakao-channels", name)
}

// PutKakaoChannel replaces the channel of k.Name.
func (c *Client) PutKakaoChannel(ctx context.Context, k KakaoChannel) (KakaoChannel, error) {
	return write[KakaoChannel](ctx, c, http.MethodPut, k.written(), "v1", "kakao-channels", k.Name)
}
