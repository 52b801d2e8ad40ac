package server

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryKeyIsReadFromTheEnvironment(t *testing.T) {
	want := fullConfig()
	want.Keys.Master = "from a file, which is below"
	environ := map[string]string{
		"LISTEN": ":9000", "DATABASE_URL": string(want.Database.URL), "PRODUCTION": "true",
		"DELIVERY_FALLBACK_WITHIN": "15m", "DELIVERY_EXPIRE_TEXT": "70h", "DELIVERY_EXPIRE_LONG": "80h", "DELIVERY_LOOKUP_GRACE": "30s", "DELIVERY_LEASE": "45s",
		"DELIVERY_KEEP_REPORTS": "2000h", "DELIVERY_REPLAY_WINDOW": "20m", "PROXY_HEADER": "forwarded",
		"DELIVERY_NIGHT_FROM": "20:30", "DELIVERY_NIGHT_UNTIL": "08:30",
		"DELIVERY_PREFER": "cost", "DELIVERY_FLOOR": "80", "DELIVERY_REST": "40s", "DELIVERY_HANG": "5s", "DELIVERY_LATE": "3m",
		"TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.7", "LOG_LEVEL": "debug", "LOG_FORMAT": "text", "KEYS_MASTER": masterHex, "AUDIT_KEEP": "7y",
		"PROVIDERS": `[{"name":"main","kind":"solapi","url":"https://api.solapi.com","api_key":"NCSAYU7YDBXYORXC","api_secret":"jhvYzE4ZjQ0LWE3Y2Mt","channels":["sms","alimtalk"],
			"weight":3,"priority":2,"sites":["shop","other-shop"],"cost":{"alimtalk":"6.5","sms":"8.4","lms":"25","mms":"60"},"max_per_second":100,"low_balance":50000,"timeout":"20s","webhook":{"secret":"hooksecret","secret_old":"hooksecretbefore","allow":["203.0.113.0/24","2001:db8::1"],"plain":true}},
			{"name":"nhn","kind":"nhncloud","app_key":"nhnapp","secret_key":"nhnsecret","alimtalk_key":"kakaoapp","alimtalk_secret":"kakaosecret","origin_code":"123456789","cost":{"alimtalk":"7","sms":"9","lms":"26"}},
			{"name":"naver","kind":"sens","access_key":"naveraccess","secret_key":"naversecret","sms_service":"ncp:sms:kr:123456789012:p","alimtalk_service":"ncp:kkobizmsg:kr:1234567:p","cost":{"alimtalk":"7","sms":"9","lms":"26"}},
			{"name":"aligo","kind":"aligo","user_id":"aligouser","key":"aligokey","sender":"0261234567","success":"0","cost":{"alimtalk":"7","sms":"9","lms":"26"}}]`,
	}
	environ["PAYMENTS_VAT_INCLUDED"], environ["PAYMENTS_PUBLIC_URL"] = "true", "https://credit.example"
	environ["PAYMENTS_REQUEST_TIMEOUT"], environ["PAYMENTS_BONUS"] = "80s", `[{"from":"100000","percent":5,"days":90}]`
	environ["PAYMENTS_WITHDRAWAL_FEE_PERCENT"], environ["PAYMENTS_WITHDRAWAL_LEAST"] = "5", "5000"
	environ["PAYMENTS_GATEWAYS"] = `[{"name":"toss","kind":"toss","url":"https://api.tosspayments.com","client_key":"live_ck_x","secret_key":"live_sk_y",
		"checkout_url":"https://pay.example","timeout":"70s","allow":["13.124.18.147"]},{"name":"stripe","kind":"stripe","secret_key":"sk_live_z","webhook_secret":"whsec","webhook_secret_old":"whsecbefore"},{"name":"bank","kind":"manual","transfer_to":"국민은행 123-45-6789"}]`
	for name, value := range map[string]string{"OPERATOR": "a@credit.example,b@credit.example", "LANGUAGE": "en", "SITE": "notices", "SENDER": "0261234567", "TEMPLATE": "ALERT_01",
		"SMTP_HOST": "mail.example", "SMTP_PORT": "2525", "SMTP_USER": "alerts", "SMTP_PASSWORD": "mailsecret", "SMTP_FROM": "Credit <alerts@credit.example>", "SMTP_TLS": "tls"} {
		environ["ALERTS_"+name] = value
	}
	for name, value := range map[string]string{"ALLOW": "10.9.0.0/16,fd00::/8", "TIMEOUT": "20s", "DISABLE_AFTER": "96h", "KEEP_ATTEMPTS": "1440h", "SECRET_OVERLAP": "48h"} {
		environ["WEBHOOKS_"+name] = value
	}
	for name, value := range map[string]string{"URL": string(want.Blob.URL), "ACCESS_KEY": "s3access", "SECRET_KEY": "s3secret", "SHARED": "true"} {
		environ["BLOB_"+name] = value
	}
	environ["TEST_MODE_ENABLED"], environ["TEST_MODE_SIMULATOR_URL"], environ["TEST_MODE_WEBHOOK_SECRET"] = "false", "http://10.0.0.5:8081", "simsecret"
	limitVariables(environ)
	for name, value := range map[string]string{"LISTEN_REDIRECT": ":9001", "HTTP_CONNECTIONS": "900", "HTTP_CONNECTIONS_PER_ADDRESS": "90", "HTTP_STREAMS": "9",
		"TLS_AUTOCERT_DOMAINS": "msg.example.com,sms.example.com", "TLS_AUTOCERT_EMAIL": "ops@example.com", "TLS_AUTOCERT_DIRECTORY_URL": "https://acme.example/directory",
		"CORS_ORIGINS": "https://console.example.com,http://localhost:3000",
		"CONSOLE_URL":  "https://console.example", "CONSOLE_OIDC_ISSUER": "https://accounts.example", "CONSOLE_OIDC_CLIENT_ID": "clientid",
		"CONSOLE_OIDC_CLIENT_SECRET": "oidcsecret", "CONSOLE_OIDC_NAME": "Example", "CONSOLE_OIDC_DOMAINS": "example.com,example.kr"} {
		environ[name] = value
	}
	want.Keys.Master = masterHex
	var env []string
	for name, value := range environ {
		env = append(env, "CREDITMSG_"+name+"="+value)
	}
	got, err := LoadConfig("", env)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name := range variables() {
		short := strings.TrimPrefix(name, "CREDITMSG_")
		if _, set := environ[short]; !set && !strings.HasSuffix(short, "_FILE") {
			t.Errorf("the test does not set %s", name)
		}
	}
	if got, want := len(variables()), len(environ)+11; got != want {
		t.Errorf("%d variables, want %d: eleven of them name files", got, want)
	}
}

func TestTheEnvironmentWinsOverTheFileAndAnEmptyVariableDoesNot(t *testing.T) {
	got, err := load(t, full, "CREDITMSG_DATABASE_URL=sqlite:x.db", "CREDITMSG_LISTEN=", "CREDITMSG_PRODUCTION=false", "CREDITMSG_DELIVERY_PREFER=weight",
		"CREDITMSG_PROVIDERS=- name: other\n  kind: solapi\n  api_key: A\n  api_secret: B\n", "HOME=/root",
		"CREDITMSG_URL=http://x", "CREDITMSG_TOKEN=t", "CREDITMSG_TEST_POSTGRES=x", "CREDITMSG_SERVICE_HOST=10.0.0.1", "CREDITMSG_PORT=tcp://10.0.0.1:80", "CREDITMSG_PORT_80_TCP=x")
	if err != nil {
		t.Fatal(err)
	}
	want := fullConfig()
	want.Database.URL, want.Production, want.Delivery.Prefer = "sqlite:x.db", false, "weight"
	want.Providers = ProviderConfigs{{Name: "other", Kind: "solapi", APIKey: "A", APISecret: "B"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
