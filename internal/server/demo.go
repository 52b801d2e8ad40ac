package server

import (
	"context"
	"crypto/rand"
	"path/filepath"

	"creditmsg/internal/console"
	"creditmsg/internal/fault"
	till "creditmsg/internal/payment/simulator"
)

// Demo is what somebody who looks at the demo needs to know: the content of demo.json.
type Demo struct {
	APIURL       string            `json:"api_url"`
	ConsoleURL   string            `json:"console_url,omitempty"` // "" = this process shows none
	SimulatorURL string            `json:"simulator_url"`
	Simulator    DemoKey           `json:"simulator"`
	Logins       []DemoLogin       `json:"logins"`
	Tokens       map[string]string `json:"tokens"` // by site, and operator
	Provider     DemoProvider      `json:"provider"`
	Senders      map[string]string `json:"senders"` // by site
	TemplateCode string            `json:"template_code"`
}

// DemoKey is what the simulator lets in.
type DemoKey struct {
	APIKey    string `json:"api_key"`
	APISecret string `json:"api_secret"`
}

// DemoLogin is a person who can sign in.
type DemoLogin struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Role     string `json:"role"`
	Site     string `json:"site"` // "" = all
}

// DemoProvider is the account that the demo sends by.
type DemoProvider struct {
	Name          string `json:"name"`
	WebhookSecret string `json:"webhook_secret"`
}

// DemoOptions say where the demo lives.
type DemoOptions struct {
	Options
	// Dir holds demo.json, beside the database where that is the default one. "" = data.
	Dir string
}

// demoGateways are simulated ones, and a bank account that nobody has.
var demoGateways = GatewayConfigs{
	{Name: "toss", Kind: "toss", URL: "http://127.0.0.1:0", ClientKey: till.DefaultClientKey, SecretKey: till.DefaultSecretKey},
	{Name: "stripe", Kind: "stripe", URL: "http://127.0.0.1:0", SecretKey: till.DefaultStripeKey, WebhookSecret: till.DefaultStripeSecret},
	{Name: "bank", Kind: "manual", TransferTo: "데모은행 000-00-000000 크레딧메시징"},
}

// DemoDir is where the demo keeps what must survive a restart.
const DemoDir = "data"

// OpenDemo makes a process with the simulator in it as its only provider, and sites
// that can send at once. What is there already is kept and what is missing is made,
// so it can be started again and again on the same data. Secrets are made at the
// first start and kept in demo.json.
func OpenDemo(ctx context.Context, c Config, o DemoOptions) (*Program, Demo, error) {
	if c.Production {
		return nil, Demo{}, fault.Check("production", "the demo does not run in production: its credentials are known to everybody")
	}
	if len(c.Providers) > 0 {
		return nil, Demo{}, fault.Check("providers", "the demo sends to numbers that are made up and brings its own provider; start it without configured ones")
	}
	if len(c.Payments.Gateways) > 0 {
		return nil, Demo{}, fault.Check("payments.gateways", "the demo charges cards that are made up and brings its own gateways; start it without configured ones")
	}
	if c.TLS.on() {
		return nil, Demo{}, fault.Check("tls", "the demo calls itself by this machine's address, which no certificate is for; start it without")
	}
	if o.Dir == "" {
		o.Dir = DemoDir
	}
	file := filepath.Join(o.Dir, "demo.json")
	demo, err := readDemo(file)
	if err != nil {
		return nil, Demo{}, err
	}
	demo.Simulator = DemoKey{SimulatorKey, SimulatorSecret}
	demo.Provider.Name, demo.TemplateCode = demoProvider, demoTemplate
	if demo.Provider.WebhookSecret == "" {
		demo.Provider.WebhookSecret = rand.Text()
	}
	c.Providers = ProviderConfigs{{
		Name: demoProvider, Kind: "solapi", URL: "http://127.0.0.1:0", APIKey: SimulatorKey, APISecret: SimulatorSecret,
		Webhook: WebhookConfig{Secret: Secret(demo.Provider.WebhookSecret)},
	}}
	c.Payments.Gateways = demoGateways
	c.Webhooks.demo()
	p, err := Open(ctx, c, o.Options)
	if err != nil {
		return nil, Demo{}, err
	}
	demo.APIURL, demo.ConsoleURL, demo.SimulatorURL = p.URL(), "", p.SimulatorURL()
	if p.has(RoleConsole) {
		demo.ConsoleURL = p.URL() + console.Root
	}
	if err := p.furnish(ctx, &demo); err != nil {
		p.Close()
		return nil, Demo{}, err
	}
	if err := demo.write(file); err != nil {
		p.Close()
		return nil, Demo{}, err
	}
	return p, demo, nil
}
