package server

import (
	"context"
	"encoding/json"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Template is an Alimtalk template of a site.
type Template struct {
	Code      string                              `json:"code"`
	Name      string                              `json:"name"`
	Channel   string                              `json:"channel"`
	Body      string                              `json:"body"`
	State     string                              `json:"state"`
	Providers map[string]message.ProviderTemplate `json:"providers"`
}

func templateOf(t message.Template) Template {
	return Template{Code: t.Code, Name: t.Name, Channel: t.Channel, Body: t.Body, State: string(t.State), Providers: t.Providers}
}

// NewTemplate is a template as an operator registers it.
type NewTemplate struct {
	Site    string
	Code    string
	Name    string // "" = the code
	Channel string // @name of a channel of the site
	Body    string
	Buttons []byte // JSON list, as in the API; nil = none
	Parts   []byte // JSON object with quick_replies, emphasis and so on, as in the API; nil = none
	State   string // "" = draft
	// Providers are the vendors' ids, each as NAME=CHANNEL_ID:TEMPLATE_ID; without any,
	// accounts that point at the simulator get made-up ones.
	Providers []string
}

// AddTemplate registers a template. Faults: Invalid, NotFound for site or channel,
// Conflict already_exists.
func (p *Operator) AddTemplate(ctx context.Context, n NewTemplate) (t Template, err error) {
	given, err := n.parse()
	if err != nil {
		return Template{}, err
	}
	err = p.d.Update(ctx, "operator_add_template", func(tx *db.Tx) error {
		add := given
		if _, err := site.Find(tx, n.Site); err != nil {
			return err
		}
		channel, err := site.FindChannel(tx, n.Site, n.Channel)
		if err != nil {
			return err
		}
		if add.Channel = channel.Name; len(n.Providers) == 0 {
			add.Providers = p.config.madeUpTemplate(n.Site, n.Code, channel.Providers)
		}
		made, err := message.AddTemplate(tx, add)
		if err != nil {
			return err
		}
		t = templateOf(made)
		return p.kakao.Follow(tx, made)
	})
	return t, err
}

// Registration is a template at one provider account.
type Registration struct {
	Provider   string          `json:"provider"`
	TemplateID string          `json:"template_id"`
	State      string          `json:"state"`
	Doing      string          `json:"doing,omitempty"`
	Problem    string          `json:"problem,omitempty"`
	Comments   []kakao.Comment `json:"comments"`
}

// Registered is a template with where it stands at the provider accounts.
type Registered struct {
	Template
	Registrations []Registration `json:"registrations"`
}

// templateVerbs are what can be asked for about a template at the vendors.
var templateVerbs = map[string]func(*kakao.Service, *db.Tx, kakao.Wish) error{
	"show":     func(*kakao.Service, *db.Tx, kakao.Wish) error { return nil },
	"submit":   (*kakao.Service).Submit,
	"withdraw": (*kakao.Service).Withdraw,
	"release":  (*kakao.Service).Release,
	"sync":     func(s *kakao.Service, tx *db.Tx, w kakao.Wish) error { return s.Look(tx, w.Site, w.Code) },
}

// AskTemplate asks for something about a template at the vendors (submit, withdraw, release,
// sync, or show: nothing), which a worker does, and gives where it stands. accounts nil = all
// where it can be.
func (p *Operator) AskTemplate(ctx context.Context, verb, siteID, code string, accounts []string, comment string) (out Registered, err error) {
	err = p.d.Update(ctx, "operator_"+verb+"_template", func(tx *db.Tx) error {
		if _, err := site.Find(tx, siteID); err != nil {
			return err
		}
		if err := templateVerbs[verb](p.kakao, tx, kakao.Wish{Site: siteID, Code: code, Accounts: accounts, Comment: comment}); err != nil {
			return err
		}
		t, err := message.FindTemplate(tx, siteID, code)
		if err != nil {
			return err
		}
		all, err := kakao.Registrations(tx, siteID, code)
		out = Registered{templateOf(t), []Registration{}}
		for _, r := range all[code] {
			out.Registrations = append(out.Registrations, Registration{r.Account, r.TemplateID, string(r.State), r.Wish, r.Problem, append([]kakao.Comment{}, r.Comments...)})
		}
		return err
	})
	return out, err
}

func (n NewTemplate) parse() (message.Template, error) {
	t := message.Template{Site: n.Site, Code: n.Code, Name: n.Name, State: message.TemplateState(n.State),
		Body: strings.TrimRight(n.Body, "\r\n"), Providers: map[string]message.ProviderTemplate{}}
	if t.Name == "" {
		t.Name = n.Code
	}
	if n.Buttons != nil {
		var err error
		if t.Buttons, err = parseButtons(n.Buttons); err != nil {
			return message.Template{}, err
		}
	}
	if n.Parts != nil {
		var err error
		if t.TemplateParts, err = parseParts(n.Parts); err != nil {
			return message.Template{}, err
		}
	}
	const form = "NAME=CHANNEL_ID:TEMPLATE_ID"
	pairs, err := parseIDs(n.Providers, form)
	if err != nil {
		return message.Template{}, err
	}
	for name, pair := range pairs {
		channel, template, found := strings.Cut(pair, ":")
		if !found || channel == "" || template == "" {
			return message.Template{}, fault.Check("--provider", "%q is not of the form %s", name+"="+pair, form)
		}
		t.Providers[name] = message.ProviderTemplate{ChannelID: channel, TemplateID: template}
	}
	return t, nil
}

// button is a button in the words of the API.
type button struct {
	Type          string `json:"type"`
	Name          string `json:"name"`
	URLMobile     string `json:"url_mobile"`
	URLPC         string `json:"url_pc"`
	SchemeIOS     string `json:"scheme_ios"`
	SchemeAndroid string `json:"scheme_android"`
	FormID        string `json:"biz_form_id"`
	PluginID      string `json:"plugin_id"`
	Phone         string `json:"phone_number"`
}

func parseButtons(text []byte) ([]provider.Button, error) {
	var list []button
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fault.Check("--buttons", `it is not a JSON list of buttons such as [{"type":"WL","name":"확인","url_mobile":"https://…"}]: %v`, err)
	}
	return buttonsOf(list), nil
}

func buttonsOf(list []button) (out []provider.Button) {
	for _, b := range list {
		out = append(out, provider.Button(b))
	}
	return out
}

// parseParts reads the parts of a template in the words of the API.
func parseParts(text []byte) (message.TemplateParts, error) {
	var parts struct {
		QuickReplies []button           `json:"quick_replies"`
		Emphasis     *provider.Emphasis `json:"emphasis"`
		ItemList     *provider.ItemList `json:"item_list"`
		Extra        string             `json:"extra"`
		Category     string             `json:"category"`
		Secure       bool               `json:"secure"`
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&parts); err != nil {
		return message.TemplateParts{}, fault.Check("--parts", `it is not a JSON object such as {"emphasis":{"title":"…","subtitle":"…"}}, of quick_replies, emphasis, item_list, extra, category and secure: %v`, err)
	}
	return message.TemplateParts{QuickReplies: buttonsOf(parts.QuickReplies), Emphasis: parts.Emphasis, Items: parts.ItemList,
		Extra: parts.Extra, Category: parts.Category, Secure: parts.Secure}, nil
}

// madeUpTemplate gives ids for the accounts that point at the simulator; the channel's
// own id is used where it has one.
func (c Config) madeUpTemplate(siteID, code string, channel map[string]string) map[string]message.ProviderTemplate {
	ids := map[string]message.ProviderTemplate{}
	for account, kind := range c.madeUpAccounts(siteID) {
		channelID := channel[account]
		if channelID == "" {
			channelID = madeUpOf[kind].channel(siteID, account)
		}
		ids[account] = message.ProviderTemplate{ChannelID: channelID, TemplateID: madeUpOf[kind].template(siteID, code, account)}
	}
	return ids
}
