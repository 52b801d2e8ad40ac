package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/fault"
)

const (
	testKey    = "NCSAYU7YDBXYORXC"
	testSecret = "jhvYzE4ZjQ0LWE3Y2Mt"
	masterHex  = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// full sets every key of the file to something that is not its default.
const full = `listen: ":9000"
database:
  url: postgres://msg:pa%40ss@db:5432/msg?sslmode=disable
blob:
  url: s3://s3.example/pictures/main?region=x
  access_key: s3access
  secret_key: s3secret
  shared: true
providers:
  - name: main
    kind: solapi
    url: https://api.solapi.com
    api_key: NCSAYU7YDBXYORXC
    api_secret: jhvYzE4ZjQ0LWE3Y2Mt
    channels: [sms, alimtalk]
    weight: 3
    priority: 2
    sites: [shop, other-shop]
    cost: {alimtalk: 6.5, sms: 8.4, lms: 25, mms: 60}
    max_per_second: 100
    low_balance: 50000
    timeout: 20s
    webhook:
      secret: hooksecret
      secret_old: hooksecretbefore
      allow: [203.0.113.0/24, 2001:db8::1]
      plain: true
  - name: nhn
    kind: nhncloud
    app_key: nhnapp
    secret_key: nhnsecret
    alimtalk_key: kakaoapp
    alimtalk_secret: kakaosecret
    origin_code: "123456789"
    cost: {alimtalk: 7, sms: 9, lms: 26}
  - name: naver
    kind: sens
    access_key: naveraccess
    secret_key: naversecret
    sms_service: ncp:sms:kr:123456789012:p
    alimtalk_service: ncp:kkobizmsg:kr:1234567:p
    cost: {alimtalk: 7, sms: 9, lms: 26}
  - {name: aligo, kind: aligo, user_id: aligouser, key: aligokey, sender: "0261234567", success: "0", cost: {alimtalk: 7, sms: 9, lms: 26}}
production: true
payments:
  vat_included: true
  public_url: https://credit.example
  request_timeout: 80s
  gateways:
    - {name: toss, kind: toss, url: "https://api.tosspayments.com", client_key: live_ck_x, secret_key: live_sk_y,
       checkout_url: "https://pay.example", timeout: 70s, allow: [13.124.18.147]}
    - {name: stripe, kind: stripe, secret_key: sk_live_z, webhook_secret: whsec, webhook_secret_old: whsecbefore}
    - {name: bank, kind: manual, transfer_to: "국민은행 123-45-6789"}
  bonus: [{from: "100000", percent: 5, days: 90}]
  withdrawal: {fee_percent: 5, least: "5000"}
alerts:
  operator: [a@credit.example, b@credit.example]
  language: en
  site: notices
  sender: "0261234567"
  template: ALERT_01
  smtp: {host: mail.example, port: 2525, user: alerts, password: mailsecret, from: "Credit <alerts@credit.example>", tls: tls}
test_mode: {enabled: false, simulator_url: "http://10.0.0.5:8081", webhook_secret: simsecret}
webhooks: {allow: [10.9.0.0/16, "fd00::/8"], timeout: 20s, disable_after: 96h, keep_attempts: 1440h, secret_overlap: 48h}
console:
  url: https://console.example
  oidc: {issuer: "https://accounts.example", client_id: clientid, client_secret: oidcsecret, name: Example, domains: [example.com, example.kr]}
delivery:
  fallback_within: 15m
  expire_text: 70h
  expire_long: 80h
  lookup_grace: 30s
  lease: 45s
  prefer: cost
  floor: 80
  rest: 40s
  hang: 5s
  late: 3m
  keep_reports: 2000h
  replay_window: 20m
  night_from: 20:30
  night_until: 08:30
redis:
  url: redis-cluster://:redispass@r1:7000,r2:7000
limits:
  requests_per_minute: 600
  recipients_per_minute: 20000
  recipients_per_day: 100000
  token: {requests_per_minute: 300, recipients_per_minute: 10000}
  address: {requests_per_minute: 1200}
  failures_per_minute: 30
trusted_proxies: [10.0.0.0/8, 192.0.2.7]
proxy_header: forwarded
listen_redirect: ":9001"
http: {connections: 900, connections_per_address: 90, streams: 9}
tls:
  autocert: {domains: [msg.example.com, sms.example.com], email: ops@example.com, directory_url: "https://acme.example/directory"}
cors: {origins: ["https://console.example.com", "http://localhost:3000"]}
log:
  level: debug
  format: text
audit: {keep: 7y}
keys:
  master: ` + masterHex + "\n"

// load writes text to a file named creditmsg.yaml in the working directory and reads it.
func load(t *testing.T, text string, env ...string) (Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("creditmsg.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadConfig("creditmsg.yaml", env)
}

// complaints are the places and details of a fault, a line each.
func complaints(t *testing.T, err error) string {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("error %v, want an invalid configuration", err)
	}
	var lines []string
	for _, p := range f.Fields {
		lines = append(lines, p.Pointer+": "+p.Detail)
	}
	return strings.Join(lines, "\n")
}

var usualCost = CostConfig{Alimtalk: "7", SMS: "9", LMS: "26"}

func fullConfig() Config {
	return Config{
		Listen: ":9000", ListenRedirect: ":9001", HTTP: HTTPConfig{Connections: 900, ConnectionsPerAddress: 90, Streams: 9},
		TLS:      TLSConfig{Autocert: AutocertConfig{Domains: Names{"msg.example.com", "sms.example.com"}, Email: "ops@example.com", DirectoryURL: "https://acme.example/directory"}},
		CORS:     CORSConfig{Origins: Names{"https://console.example.com", "http://localhost:3000"}},
		Database: DatabaseConfig{URL: "postgres://msg:pa%40ss@db:5432/msg?sslmode=disable"},
		Blob:     BlobConfig{URL: "s3://s3.example/pictures/main?region=x", AccessKey: "s3access", SecretKey: "s3secret", Shared: true},
		Providers: ProviderConfigs{{
			Name: "main", Kind: "solapi", URL: "https://api.solapi.com", APIKey: testKey, APISecret: testSecret,
			Channels: []string{"sms", "alimtalk"}, Weight: 3, MaxPerSecond: 100, LowBalance: 50_000, Timeout: 20 * time.Second,
			Priority: 2, Sites: []string{"shop", "other-shop"}, Cost: CostConfig{Alimtalk: "6.5", SMS: "8.4", LMS: "25", MMS: "60"},
			Webhook: WebhookConfig{Secret: "hooksecret", SecretOld: "hooksecretbefore", Allow: Networks{"203.0.113.0/24", "2001:db8::1"}, Plain: true},
		}, {
			Name: "nhn", Kind: "nhncloud", AppKey: "nhnapp", SecretKey: "nhnsecret",
			AlimtalkKey: "kakaoapp", AlimtalkSecret: "kakaosecret", OriginCode: "123456789", Cost: usualCost,
		}, {
			Name: "naver", Kind: "sens", AccessKey: "naveraccess", SecretKey: "naversecret",
			SMSService: "ncp:sms:kr:123456789012:p", AlimtalkService: "ncp:kkobizmsg:kr:1234567:p", Cost: usualCost,
		}, {Name: "aligo", Kind: "aligo", UserID: "aligouser", Key: "aligokey", Sender: "0261234567", Success: "0", Cost: usualCost}},
		Production: true,
		Payments: PaymentsConfig{
			VATIncluded: true, PublicURL: "https://credit.example", RequestTimeout: 80 * time.Second,
			Gateways: GatewayConfigs{
				{Name: "toss", Kind: "toss", URL: "https://api.tosspayments.com", ClientKey: "live_ck_x", SecretKey: "live_sk_y",
					CheckoutURL: "https://pay.example", Timeout: 70 * time.Second, Allow: Networks{"13.124.18.147"}},
				{Name: "stripe", Kind: "stripe", SecretKey: "sk_live_z", WebhookSecret: "whsec", WebhookOld: "whsecbefore"},
				{Name: "bank", Kind: "manual", TransferTo: "국민은행 123-45-6789"},
			},
			Bonus: BonusTiers{{From: "100000", Percent: 5, Days: 90}}, Withdrawal: WithdrawalConfig{FeePercent: 5, Least: "5000"},
		},
		Alerts: AlertsConfig{Operator: Emails{"a@credit.example", "b@credit.example"}, Language: "en", Site: "notices", Sender: "0261234567", Template: "ALERT_01",
			SMTP: SMTPConfig{Host: "mail.example", Port: 2525, User: "alerts", Password: "mailsecret", From: "Credit <alerts@credit.example>", TLS: "tls"}},
		TestMode: TestModeConfig{Enabled: "false", SimulatorURL: "http://10.0.0.5:8081", WebhookSecret: "simsecret"},
		Webhooks: WebhooksConfig{Allow: Networks{"10.9.0.0/16", "fd00::/8"}, Timeout: 20 * time.Second, DisableAfter: 96 * time.Hour,
			KeepAttempts: 1440 * time.Hour, SecretOverlap: 48 * time.Hour},
		Console: ConsoleConfig{URL: "https://console.example", OIDC: OIDCConfig{Issuer: "https://accounts.example", ClientID: "clientid", ClientSecret: "oidcsecret",
			Name: "Example", Domains: Names{"example.com", "example.kr"}}},
		Delivery: DeliveryConfig{FallbackWithin: 15 * time.Minute, ExpireText: 70 * time.Hour, ExpireLong: 80 * time.Hour,
			LookupGrace: 30 * time.Second, Lease: 45 * time.Second,
			Prefer: "cost", Floor: 80, Rest: 40 * time.Second, Hang: 5 * time.Second, Late: 3 * time.Minute, KeepReports: 2000 * time.Hour, ReplayWindow: 20 * time.Minute,
			NightFrom: "20:30", NightUntil: "08:30"},
		TrustedProxies: Networks{"10.0.0.0/8", "192.0.2.7"}, ProxyHeader: "forwarded",
		Log:   LogConfig{Level: "debug", Format: "text"},
		Keys:  KeysConfig{Master: masterHex},
		Audit: AuditConfig{Keep: "7y"},
		Redis: RedisConfig{URL: "redis-cluster://:redispass@r1:7000,r2:7000"}, Limits: fullLimits(),
	}
}

func TestEveryKeyIsReadFromTheFile(t *testing.T) {
	got, err := load(t, full)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullConfig(), got); diff != "" {
		t.Error(diff)
	}
	for _, path := range paths(reflect.TypeFor[Config](), "") {
		if key := path[strings.LastIndex(path, ".")+1:]; !strings.HasSuffix(key, "_file") && !strings.Contains(full, strings.TrimSuffix(key, "[]")+":") {
			t.Errorf("the test's file does not set %s", path)
		}
	}
}

func TestAbsentAndEmptyValuesAreTheDefaults(t *testing.T) {
	want := Config{
		Listen: "127.0.0.1:8080", HTTP: HTTPConfig{Connections: 4096, ConnectionsPerAddress: 1024, Streams: 100}, Database: DatabaseConfig{URL: "sqlite:data/creditmsg.db"}, Blob: BlobConfig{URL: "file:data/blobs"},
		Delivery: DeliveryConfig{FallbackWithin: 30 * time.Minute, ExpireText: 73 * time.Hour, ExpireLong: 81 * time.Hour, LookupGrace: time.Minute, Lease: time.Minute,
			Prefer: "weight", Floor: 90, Rest: 20 * time.Second, Hang: 3 * time.Second, Late: 2 * time.Minute,
			KeepReports: 180 * 24 * time.Hour, ReplayWindow: 10 * time.Minute, NightFrom: "20:50", NightUntil: "08:00"},
		Alerts: AlertsConfig{Language: "ko", SMTP: SMTPConfig{TLS: "starttls"}}, TestMode: TestModeConfig{Enabled: "true"},
		Log: LogConfig{Level: "info", Format: "json"}, ProxyHeader: "x-forwarded-for",
		Webhooks: WebhooksConfig{Timeout: 15 * time.Second, DisableAfter: 120 * time.Hour, KeepAttempts: 720 * time.Hour, SecretOverlap: 24 * time.Hour},
		Audit:    AuditConfig{Keep: "5y"}, Limits: LimitsConfig{FailuresPerMinute: 60},
	}
	for _, text := range []string{"", "# nothing\n", "delivery:\nproviders:\nlisten:\n", "database: {url: }\nproviders: []\nkeys: {}\ndelivery: {lease: 0s}\n"} {
		got, err := load(t, text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if len(got.Providers) == 0 {
			got.Providers = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	if got, err := LoadConfig("", nil); err != nil || !cmp.Equal(want, got) {
		t.Errorf("without a file: %+v, %v", got, err)
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	_, err := LoadConfig(filepath.Join(t.TempDir(), "absent.yaml"), nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "absent.yaml") {
		t.Errorf("LoadConfig: %v", err)
	}
}

func TestWhatIsWrongIsToldWithItsPlace(t *testing.T) {
	const account = "providers:\n  - name: a\n    kind: solapi\n    api_key: K\n    api_secret: S\n"
	for name, tt := range map[string]struct {
		text string
		env  []string
		want string
	}{
		"a mistyped key":          {"listen: :80\ndatabse:\n  url: sqlite:x\n", nil, `creditmsg.yaml:2: unknown key "databse"; did you mean database?`},
		"a mistyped inner key":    {"delivery:\n\n  fallbak_within: 3m\n", nil, `creditmsg.yaml:3: unknown key "delivery.fallbak_within"; did you mean delivery.fallback_within?`},
		"a hyphen":                {"trusted-proxies: []\n", nil, `creditmsg.yaml:1: unknown key "trusted-proxies"; did you mean trusted_proxies?`},
		"a key of another block":  {"log: {level: info}\nlease: 3s\n", nil, `creditmsg.yaml:2: unknown key "lease"; did you mean delivery.lease?`},
		"a strange key":           {"keys:\n  frobnicate: 1\n", nil, `creditmsg.yaml:2: unknown key "keys.frobnicate"; known here: master, master_file`},
		"a part not built yet":    {"telemetry:\n  url: x\n", nil, `creditmsg.yaml:1: unknown key "telemetry"; known here: ` + everyKey},
		"a key in a list":         {account + "    apikey: x\n", nil, `creditmsg.yaml:6: unknown key "providers[0].apikey"; did you mean providers[].api_key?`},
		"a key in a webhook":      {account + "    webhook: {secrets: x}\n", nil, `creditmsg.yaml:6: unknown key "providers[0].webhook.secrets"; did you mean providers[].webhook.secret?`},
		"two at once":             {"lisen: x\nlog:\n  levle: info\n", nil, "creditmsg.yaml:1: unknown key \"lisen\"; did you mean listen?\ncreditmsg.yaml:3: unknown key \"log.levle\"; did you mean log.level?"},
		"a key twice":             {"listen: x\nlisten: y\n", nil, `creditmsg.yaml:2: the YAML cannot be read: mapping key "listen" already defined at [1:1]`},
		"no YAML":                 {"listen: [\n", nil, `creditmsg.yaml:1: the YAML cannot be read: sequence end token ']' not found`},
		"two documents":           {"listen: :80\n---\nlisten: :81\n", nil, "creditmsg.yaml:2: a second document after ---; one is read"},
		"a list at the top":       {"- listen\n", nil, "creditmsg.yaml:1: a list stands here; a block of keys (" + everyKey + ") is wanted"},
		"an anchor":               {"log: &l {level: info}\n", nil, "creditmsg.yaml:1: log: tags (!), anchors (&) and aliases (*) are not read here; write the value out"},
		"a merge":                 {"log:\n  <<: {level: info}\n", nil, `creditmsg.yaml:2: unknown key "log.<<"; known here: level, format`},
		"a short memory":          {"audit: {keep: 30d}\n", nil, `creditmsg.yaml:1: audit.keep: "30d" is not a time such as 5y or 400d, 31d at least`},
		"no memory":               {"audit: {keep: 43800h}\n", nil, `creditmsg.yaml:1: audit.keep: "43800h" is not a time such as 5y or 400d, 31d at least`},
		"a number as time":        {"delivery:\n  lease: 30\n", nil, "creditmsg.yaml:2: delivery.lease: a time with its unit, such as 30m or 72h is wanted"},
		"a wrong unit":            {"delivery:\n  lease: 30q\n", nil, "creditmsg.yaml:2: delivery.lease: a time with its unit, such as 30m or 72h is wanted"},
		"a negative time":         {"delivery:\n  lease: -1s\n", nil, "creditmsg.yaml:2: delivery.lease: -1s is negative"},
		"no time of day":          {"delivery:\n  night_from: evening\n", nil, `creditmsg.yaml:2: delivery.night_from: "evening" is not a time of day such as 20:50`},
		"midnight":                {"delivery:\n  night_until: 00:00\n", nil, `creditmsg.yaml:2: delivery.night_until: "00:00" is not a time of day such as 20:50`},
		"a night that is short":   {"delivery:\n  night_from: 21:30\n", nil, "creditmsg.yaml:2: delivery.night_from: a night of 21:30–08:00 is shorter than the law's: it begins at 21:00 at the latest and ends at 08:00 at the earliest"},
		"a word as truth":         {"production: sure\n", nil, "creditmsg.yaml:1: production: true or false is wanted"},
		"text for a number":       {account + "    weight: much\n", nil, "creditmsg.yaml:6: providers[0].weight: a whole number is wanted"},
		"text for a list":         {"trusted_proxies: 10.0.0.0/8\n", nil, "creditmsg.yaml:1: trusted_proxies: a list is wanted"},
		"text for a block":        {"database: sqlite:x.db\n", nil, "creditmsg.yaml:1: database: a block of keys (url, url_file) is wanted"},
		"keys for text":           {"listen: {port: 1}\n", nil, "creditmsg.yaml:1: listen: keys stand here; text is wanted"},
		"a scheme":                {"database:\n  url: postgresql://u:secret@h/d\n", nil, `creditmsg.yaml:2: database.url: the scheme "postgresql" is not known; write sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE`},
		"a path as URL":           {"database:\n  url: data/x.db\n", nil, `creditmsg.yaml:2: database.url: the scheme "" is not known; write sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE`},
		"no slashes":              {"database:\n  url: mysql:x\n", nil, `creditmsg.yaml:2: database.url: // is missing after mysql:; write sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE`},
		"a raw password":          {"database:\n  url: mysql://u:p%ss@h/d\n", nil, "creditmsg.yaml:2: database.url: it is not a URL; a password with special characters is percent-encoded there (@ is %40)"},
		"no port":                 {"listen: 8080\n", nil, `creditmsg.yaml:1: listen: "8080" is not of the form host:port, such as 127.0.0.1:8080 or :8080`},
		"a port too high":         {"listen: :70000\n", nil, `creditmsg.yaml:1: listen: "70000" is not a port number`},
		"one name twice":          {account + strings.TrimPrefix(account, "providers:\n"), nil, `creditmsg.yaml:6: providers[1].name: "a" is the name of providers[0] too; reports and statistics need one name each`},
		"a reserved name":         {strings.Replace(account, "name: a", "name: payments", 1), nil, `creditmsg.yaml:2: providers[0].name: "payments" cannot be a name: it takes small letters, digits, - and _, begins with a letter, and is not payments`},
		"an unknown kind":         {strings.Replace(account, "kind: solapi", "kind: solpai", 1), nil, `creditmsg.yaml:3: providers[0].kind: "solpai" is not one of solapi, nhncloud, sens, aligo, sendgo; did you mean solapi?`},
		"an unknown channel":      {account + "    channels: [sms, fax]\n", nil, `creditmsg.yaml:6: providers[0].channels[1]: "fax" is not one of alimtalk, sms, lms, mms`},
		"a key by two names":      {account + "    app_key: K\n", nil, "creditmsg.yaml:4: providers[0].api_key: it is given by more than one of its names api_key, app_key, access_key and user_id"},
		"a secret by two names":   {account + "    secret_key: K\n", nil, "creditmsg.yaml:5: providers[0].api_secret: it is given by more than one of its names api_secret, secret_key and key"},
		"another kind's setting":  {account + "    origin_code: '1'\n", nil, "creditmsg.yaml:6: providers[0].origin_code: an account of kind solapi has no such setting"},
		"no secret":               {"providers:\n  - {name: a, kind: solapi, api_key: K}\n", nil, "creditmsg.yaml:2: providers[0].api_secret: it is missing"},
		"an upstream address":     {account + "    url: solapi.com\n", nil, "creditmsg.yaml:6: providers[0].url: it is not an address of the form https://host"},
		"a negative limit":        {account + "    max_per_second: -1\n", nil, "creditmsg.yaml:6: providers[0].max_per_second: it is negative"},
		"a negative threshold":    {account + "    low_balance: -1\n", nil, "creditmsg.yaml:6: providers[0].low_balance: it is negative"},
		"a threshold too high":    {account + "    low_balance: 100000000001\n", nil, "creditmsg.yaml:6: providers[0].low_balance: it is more than 100000000000"},
		"no balance to watch":     {"providers:\n  - name: a\n    kind: nhncloud\n    api_key: K\n    api_secret: S\n    low_balance: 5\n", nil, "creditmsg.yaml:6: providers[0].low_balance: the vendor of kind nhncloud tells no balance; those of solapi, aligo, sendgo do"},
		"a network":               {account + "    webhook:\n      allow:\n        - 10.0.0.0/8\n        - 10.0.0.0/99\n", nil, `creditmsg.yaml:9: providers[0].webhook.allow[1]: "10.0.0.0/99" is not a network such as 10.0.0.0/8 or an address`},
		"plain without secret":    {account + "    webhook: {plain: true}\n", nil, "creditmsg.yaml:6: providers[0].webhook.plain: it is about a secret, and webhook.secret is missing"},
		"a test key":              {"production: true\n" + strings.Replace(account, "K", "SIMULATORKEY0001", 1), nil, "creditmsg.yaml:5: providers[0].api_key: these are the simulator's test credentials, and production is true: nothing would reach a phone"},
		"a test secret":           {"production: true\n" + strings.Replace(account, "S\n", "SIMULATORSECRET0123456789ABCDEFGH\n", 1), nil, "creditmsg.yaml:5: providers[0].api_key: these are the simulator's test credentials, and production is true: nothing would reach a phone"},
		"a gateway twice":         {"payments:\n  gateways:\n    - {name: b, kind: manual, transfer_to: x}\n    - {name: b, kind: manual, transfer_to: x}\n", nil, `creditmsg.yaml:4: payments.gateways[1].name: "b" is the name of payments.gateways[0] too; payments need one name each`},
		"a gateway's kind":        {"payments:\n  gateways:\n    - {name: b, kind: tos}\n", nil, `creditmsg.yaml:3: payments.gateways[0].kind: "tos" is not one of toss, stripe, manual; did you mean toss?`},
		"a gateway's own name":    {"payments:\n  gateways:\n    - {name: operator, kind: manual, transfer_to: x}\n", nil, `creditmsg.yaml:3: payments.gateways[0].name: "operator" cannot be a name: it takes small letters, digits, - and _, begins with a letter, and is not operator`},
		"a test gateway":          {"production: true\npayments:\n  gateways:\n    - name: t\n      kind: toss\n      client_key: c\n      secret_key: test_sk_x\n", nil, "creditmsg.yaml:7: payments.gateways[0].secret_key: this is a test key, and production is true: nobody would be charged"},
		"nowhere to transfer":     {"payments:\n  gateways:\n    - {name: b, kind: manual}\n", nil, "creditmsg.yaml:3: payments.gateways[0].transfer_to: it is missing: bank, number and holder of the account, as payers read them"},
		"a secret of no use":      {"payments:\n  gateways:\n    - {name: t, kind: toss, client_key: c, secret_key: live_sk_x, webhook_secret: w}\n", nil, "creditmsg.yaml:3: payments.gateways[0].webhook_secret: a gateway of kind toss has no such setting"},
		"a bank with a key":       {"payments:\n  gateways:\n    - {name: b, kind: manual, transfer_to: x, secret_key: k}\n", nil, "creditmsg.yaml:3: payments.gateways[0].secret_key: a gateway of kind manual has no such setting"},
		"reports of nobody":       {"providers:\n  - name: a\n    kind: sendgo\n    access_key: K\n    secret_key: S\n    webhook: {secret: w}\n", nil, "creditmsg.yaml:6: providers[0].webhook: the vendor of kind sendgo is asked for results and its reports are not taken; those of solapi, nhncloud are"},
		"a header of nobody":      {"proxy_header: forwarded\n", nil, "creditmsg.yaml:1: proxy_header: it is what trusted_proxies write, and there are none"},
		"a fee of everything":     {"payments:\n  withdrawal: {fee_percent: 100}\n", nil, "creditmsg.yaml:2: payments.withdrawal.fee_percent: want 0 to 99"},
		"a part of a won":         {"payments:\n  withdrawal:\n    least: \"0.5\"\n", nil, `creditmsg.yaml:3: payments.withdrawal.least: "0.5" is not an amount in whole won such as 1000`},
		"a bonus of nothing":      {"payments:\n  bonus:\n    - {from: \"100000\"}\n", nil, "creditmsg.yaml:3: payments.bonus[0].percent: want 1 to 100"},
		"a webhook's time-out":    {"webhooks: {timeout: 90s}\n", nil, "creditmsg.yaml:1: webhooks.timeout: 1m30s is not between 1s and 1m0s"},
		"an open network":         {"webhooks:\n  allow: [everything]\n", nil, `creditmsg.yaml:2: webhooks.allow[0]: "everything" is not a network such as 10.0.0.0/8 or an address`},
		"an operator's address":   {"alerts:\n  smtp: {host: localhost, from: a@b.kr}\n  operator:\n    - a@b.kr\n    - nobody\n", nil, "creditmsg.yaml:5: alerts.operator[1]: it is not an e-mail address such as operator@credit.example"},
		"no mail server":          {"alerts:\n  operator: [a@b.kr]\n", nil, "creditmsg.yaml:1: alerts.smtp.host: it is missing: without a mail server the addresses under alerts.operator are told nothing"},
		"a language":              {"alerts: {language: fr}\n", nil, `creditmsg.yaml:1: alerts.language: "fr" is not one of ko, en`},
		"test mode":               {"test_mode: {enabled: perhaps}\n", nil, `creditmsg.yaml:1: test_mode.enabled: "perhaps" is not one of true, false`},
		"a simulator's secret":    {"test_mode: {simulator_url: 'http://sim:8081'}\n", nil, "creditmsg.yaml:1: test_mode.webhook_secret: it is missing: what the simulator at test_mode.simulator_url was given as --report-secret"},
		"a secret of nobody":      {"test_mode: {webhook_secret: x}\n", nil, "creditmsg.yaml:1: test_mode.simulator_url: it is missing: test_mode.webhook_secret is the secret of a simulator there"},
		"texts of nobody":         {"alerts: {template: A}\n", nil, "creditmsg.yaml:1: alerts.site: it is missing: the site that sends texts and pays for them"},
		"a sender of texts":       {"alerts: {site: ops, sender: '12'}\n", nil, "creditmsg.yaml:1: alerts.sender: it is not a Korean number such as 02-6123-4567"},
		"a port with the host":    {"alerts:\n  smtp: {host: 'mail.example:25', from: a@b.kr}\n", nil, "creditmsg.yaml:2: alerts.smtp.host: it is not the name or the address of a server, such as mail.example; the port is a key of its own"},
		"a mail's sender":         {"alerts:\n  smtp: {host: mail.example, from: nobody}\n", nil, "creditmsg.yaml:2: alerts.smtp.from: it is not an address such as alerts@credit.example or Credit <alerts@credit.example>"},
		"a user alone":            {"alerts:\n  smtp: {host: mail.example, from: a@b.kr, user: u}\n", nil, "creditmsg.yaml:2: alerts.smtp.user: user and password belong together: give both or none"},
		"a way of TLS":            {"alerts:\n  smtp: {tls: ssl}\n", nil, `creditmsg.yaml:2: alerts.smtp.tls: "ssl" is not one of starttls, tls, none`},
		"mails in clear text":     {"production: true\nalerts:\n  smtp:\n    host: mail.example\n    from: a@b.kr\n    tls: none\n", nil, "creditmsg.yaml:6: alerts.smtp.tls: none would send mails in clear text to another machine, and production is true; write starttls or tls"},
		"a password in the clear": {"alerts:\n  smtp:\n    host: mail.example\n    from: a@b.kr\n    user: u\n    password: p\n    tls: none\n", nil, "creditmsg.yaml:7: alerts.smtp.tls: none would send the password in clear text to another machine; write starttls or tls"},
		"a level":                 {"log: {level: loud}\n", nil, `creditmsg.yaml:1: log.level: "loud" is not one of debug, info, warn, error`},
		"a format":                {"log: {format: xml}\n", nil, `creditmsg.yaml:1: log.format: "xml" is not one of json, text`},
		"a short key":             {"keys: {master: abcd}\n", nil, "creditmsg.yaml:1: keys.master: it must be 32 bytes, as 64 hex digits or as base64; make one with: openssl rand -hex 32"},

		"a mistyped variable":  {"", []string{"CREDITMSG_DATABSE_URL=x"}, "CREDITMSG_DATABSE_URL: unknown variable; did you mean CREDITMSG_DATABASE_URL?"},
		"a strange variable":   {"", []string{"CREDITMSG_FROBNICATE=x"}, "CREDITMSG_FROBNICATE: unknown variable; it belongs to no key of the configuration"},
		"a variable of a list": {"", []string{"CREDITMSG_PROVIDERS_0_NAME=x"}, "CREDITMSG_PROVIDERS_0_NAME: unknown variable; this list is set as a whole, by CREDITMSG_PROVIDERS as YAML or JSON, or in the file"},
		"a variable's time":    {"", []string{"CREDITMSG_DELIVERY_LEASE=30"}, "CREDITMSG_DELIVERY_LEASE: delivery.lease: a time with its unit, such as 30m or 72h is wanted"},
		"a variable's truth":   {"", []string{"CREDITMSG_PRODUCTION=sure"}, "CREDITMSG_PRODUCTION: production: true or false is wanted"},
		"a variable's scheme":  {full, []string{"CREDITMSG_DATABASE_URL=oracle://x"}, `CREDITMSG_DATABASE_URL: database.url: the scheme "oracle" is not known; write sqlite:PATH, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE`},
		"a variable's network": {"", []string{"CREDITMSG_TRUSTED_PROXIES=10.0.0.0/8,x"}, `CREDITMSG_TRUSTED_PROXIES: trusted_proxies[1]: "x" is not a network such as 10.0.0.0/8 or an address`},
		"a variable's list":    {"", []string{"CREDITMSG_PROVIDERS=[\n{name: a,\n knd: solapi}]"}, `CREDITMSG_PROVIDERS:3: unknown key "providers[0].knd"; did you mean providers[].kind?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, tt.text, tt.env...)
			if diff := cmp.Diff(tt.want, complaints(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSecretsAreReadFromFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"key": testKey + "\n", "secret": testSecret + "\r\n", "hook": "hooksecret", "url": "mysql://u:p@h/d\n", "master": masterHex + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const text = "database: {url_file: url}\nkeys: {master_file: master}\nproviders:\n  - {name: a, kind: solapi, api_key_file: key, api_secret_file: secret, webhook: {secret_file: hook}}\n"
	if err := os.WriteFile("creditmsg.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := LoadConfig("", []string{"CREDITMSG_DATABASE_URL=mysql://u:p@h/d", "CREDITMSG_KEYS_MASTER=" + masterHex,
		"CREDITMSG_PROVIDERS=[{name: a, kind: solapi, api_key: " + testKey + ", api_secret: " + testSecret + ", webhook: {secret: hooksecret}}]"})
	if err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][]string{
		"in the file": nil,
		"variables":   {"CREDITMSG_DATABASE_URL_FILE=url", "CREDITMSG_KEYS_MASTER_FILE=master"},
		"a mixture":   {"CREDITMSG_DATABASE_URL=mysql://u:p@h/d"},
	} {
		got, err := LoadConfig("creditmsg.yaml", env)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	got, err := LoadConfig("creditmsg.yaml", []string{"CREDITMSG_DATABASE_URL=sqlite:x.db"})
	if err != nil || got.Database.URL != "sqlite:x.db" {
		t.Errorf("the file's file won over the variable: %q, %v", got.Database.URL, err)
	}
}

func TestASecretFileThatDoesNotServeIsTold(t *testing.T) {
	for text, want := range map[string]string{
		"keys: {master_file: absent}":                       "creditmsg.yaml:1: keys.master_file: open absent: no such file or directory",
		"keys: {master_file: /dev/null}":                    "creditmsg.yaml:1: keys.master_file: /dev/null is empty or larger than 65536 bytes",
		"keys: {master_file: creditmsg.yaml, master: abcd}": "creditmsg.yaml:1: keys.master_file: give either keys.master or keys.master_file",
	} {
		_, err := load(t, text)
		if diff := cmp.Diff(want, complaints(t, err)); diff != "" {
			t.Error(diff)
		}
	}
	_, err := LoadConfig("", []string{"CREDITMSG_KEYS_MASTER_FILE=absent", "CREDITMSG_KEYS_MASTER=" + masterHex})
	if want := "CREDITMSG_KEYS_MASTER_FILE: keys.master_file: give either keys.master or keys.master_file"; complaints(t, err) != want {
		t.Errorf("got %s, want %s", complaints(t, err), want)
	}
}

func TestNoWayOfPrintingShowsASecret(t *testing.T) {
	c := fullConfig()
	c.Database.URL = "postgres://msg:s3cr3t@db:5432/msg?sslmode=disable&sslpassword=s3cr3t"
	c.Providers[0].URL = "https://user:s3cr3t@api.example/?api_key=s3cr3t"
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for way, text := range map[string]string{
		"String": c.String(), "%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", &c), "%#v": fmt.Sprintf("%#v", c), "%s": fmt.Sprintf("key %s", c.Providers[0].APIKey),
		"%q %x": fmt.Sprintf("%q %x", c.Providers[0].APISecret, c.Keys.Master), "JSON": string(asJSON),
	} {
		for _, secret := range []string{"s3cr3t", testKey, testSecret, "hooksecret", "mailsecret", masterHex} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q:\n%s", way, secret, text)
			}
		}
	}
	for _, shown := range []string{"postgres://msg:********@db:5432/msg?sslmode=disable&sslpassword=********", "fallback_within: 15m0s", "name: main", `listen: :9000`} {
		if !strings.Contains(c.String(), shown) {
			t.Errorf("String does not show %q:\n%s", shown, c)
		}
	}
}

func TestAMasterKeyIsReadInEveryForm(t *testing.T) {
	want := make([]byte, 32)
	for i := range want {
		want[i] = byte(i)
	}
	for _, text := range []Secret{masterHex, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"} {
		if got, err := (KeysConfig{Master: text}).Bytes(); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%d letters: %x, %v", len(text), got, err)
		}
	}
	if got, err := (KeysConfig{}).Bytes(); got != nil || err != nil {
		t.Errorf("no key: %x, %v", got, err)
	}
}

func TestEachSecretFileHasItsSecretBesideIt(t *testing.T) {
	all := paths(reflect.TypeFor[Config](), "")
	known := map[string]bool{}
	for _, p := range all {
		known[p] = true
	}
	for _, p := range all {
		if secret, is := strings.CutSuffix(p, "_file"); is && !known[secret] && parent(p) != "tls" { // which names the files themselves
			t.Errorf("%s names a file for %s, which is no key", p, secret)
		}
	}
}

func FuzzLoadConfig(f *testing.F) {
	f.Add(full, "sqlite:x")
	f.Add("providers: [{name: a", "")
	f.Add("!00", "4")
	f.Add("a: &a [*a]\n<<: *a\n", "x")
	f.Add("? {listen: 1} : 2\n!!binary x: y\n", "mysql://")
	f.Add("delivery: {lease: 1h}\nlisten: |\n  x\n", "postgres://u:p@h/d")
	f.Fuzz(func(t *testing.T, text, url string) {
		l := &loading{places: map[string]string{}}
		var c Config
		l.yaml("f", "", []byte(text), &c)
		l.environment([]string{"CREDITMSG_DATABASE_URL=" + url, "CREDITMSG_PROVIDERS=" + text}, &c)
		c.defaults()
		l.check(&c)
		for _, w := range l.wrong {
			if w.Pointer == "" || w.Detail == "" {
				t.Errorf("a complaint without a place or a word: %+v", w)
			}
		}
		_, _ = c.String(), c.Accounts()
	})
}

func TestAMissingFileIsNamedWithItsReason(t *testing.T) {
	_, err := LoadConfig(filepath.Join(t.TempDir(), "none.yaml"), nil)
	if f := fault.Of(err); !strings.HasSuffix(f.Public, "none.yaml cannot be read: no such file or directory") {
		t.Errorf("the error is %q, want the file and the reason", f.Public)
	}
}
