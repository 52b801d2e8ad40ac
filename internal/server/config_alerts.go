package server

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/alert"
	"creditmsg/internal/korea"
)

// AlertsConfig says how people are told of what happens to their money.
type AlertsConfig struct {
	// Operator are the operator's own addresses: they are told of payments that do not fit
	// their gateway, of daily differences, and of sites whose recharging was switched off.
	Operator Emails `yaml:"operator" env:"OPERATOR"`
	// Language is that of the operator, and of sites that chose none: ko or en. Default ko.
	Language string `yaml:"language" env:"LANGUAGE"`
	// Site is the operator's own site, which sends the texts to owners of other sites and
	// pays for them. Default none: nobody is told by text.
	Site string `yaml:"site" env:"SITE"`
	// Sender is the number that these texts come from. Default the site's default sender.
	Sender string `yaml:"sender" env:"SENDER"`
	// Template is the code of an approved Alimtalk template of the site that is tried before
	// the text. It may use #{site}, #{subject} and #{text}. Default none.
	Template string     `yaml:"template" env:"TEMPLATE"`
	SMTP     SMTPConfig `yaml:"smtp" envPrefix:"SMTP_"`
}

// Emails is a list of e-mail addresses.
type Emails []string

// SMTPConfig is the server that takes mails.
type SMTPConfig struct {
	Host string `yaml:"host" env:"HOST"` // default none: nobody is told by e-mail
	// Port is by default 587, with tls: tls 465, with tls: none 25.
	Port         int    `yaml:"port" env:"PORT"`
	User         string `yaml:"user" env:"USER"` // default none: no log-in
	Password     Secret `yaml:"password" env:"PASSWORD"`
	PasswordFile string `yaml:"password_file,omitempty" env:"PASSWORD_FILE"`
	From         string `yaml:"from" env:"FROM"` // an address, or Name <address>
	// TLS is starttls (TLS must follow the greeting), tls (from the first byte) or none.
	// Default starttls.
	TLS string `yaml:"tls" env:"TLS"`
}

func (c *AlertsConfig) defaults() {
	c.Language = cmp.Or(c.Language, string(alert.Korean))
	c.SMTP.TLS = cmp.Or(c.SMTP.TLS, alert.StartTLS)
}

// alerts gives the settings of the service.
func (c Config) alerts(r prometheus.Registerer, log *slog.Logger) alert.Options {
	a, m := c.Alerts, c.Alerts.SMTP
	o := alert.Options{
		SMTP:  alert.SMTP{Host: m.Host, Port: m.Port, User: m.User, Password: string(m.Password), From: m.From, TLS: m.TLS},
		Texts: alert.Texts{Site: a.Site, Sender: a.Sender, Template: a.Template}, Language: alert.Language(a.Language),
		Link: string(c.Payments.PublicURL), Console: string(c.Console.URL), Registerer: r, Log: log,
	}
	for _, text := range a.Operator {
		if address, err := alert.ParseAddress(text); err == nil { // what is wrong was complained about
			o.Operator = append(o.Operator, address)
		}
	}
	return o
}

func (l *loading) checkAlerts(a AlertsConfig, production bool) {
	for i, text := range a.Operator {
		if _, err := alert.ParseAddress(text); err != nil {
			l.bad(fmt.Sprintf("alerts.operator[%d]", i), "it is not an e-mail address such as operator@credit.example")
		}
	}
	l.oneOf("alerts.language", a.Language, string(alert.Korean), string(alert.English))
	if _, err := korea.ParseSender(a.Sender); a.Sender != "" && err != nil {
		l.bad("alerts.sender", "it is not a Korean number such as 02-6123-4567")
	}
	if a.Site == "" && a.Sender+a.Template != "" {
		l.bad("alerts.site", "it is missing: the site that sends texts and pays for them")
	}
	if len(a.Operator) > 0 && a.SMTP.Host == "" {
		l.bad("alerts.smtp.host", "it is missing: without a mail server the addresses under alerts.operator are told nothing")
	}
	l.checkSMTP(a.SMTP, production)
}

func (l *loading) checkSMTP(m SMTPConfig, production bool) {
	const at = "alerts.smtp."
	l.oneOf(at+"tls", m.TLS, alert.StartTLS, alert.TLS, alert.NoTLS)
	if m.Port < 0 || m.Port > 65535 {
		l.bad(at+"port", "want 1 to 65535")
	}
	if (m.User == "") != (m.Password == "") {
		l.bad(at+"user", "user and password belong together: give both or none")
	}
	if m.Host == "" {
		if m.User+m.From != "" {
			l.bad(at+"host", "it is missing")
		}
		return
	}
	if strings.ContainsAny(m.Host, " :/@[]") && !isAddress(m.Host) {
		l.bad(at+"host", "it is not the name or the address of a server, such as mail.example; the port is a key of its own")
	}
	if _, _, err := alert.ParseFrom(m.From); err != nil {
		l.bad(at+"from", "it is not an address such as alerts@credit.example or Credit <alerts@credit.example>")
	}
	if m.TLS == alert.NoTLS && !isLoopback(m.Host) {
		switch {
		case production:
			l.bad(at+"tls", "none would send mails in clear text to another machine, and production is true; write starttls or tls")
		case m.User != "":
			l.bad(at+"tls", "none would send the password in clear text to another machine; write starttls or tls")
		}
	}
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
