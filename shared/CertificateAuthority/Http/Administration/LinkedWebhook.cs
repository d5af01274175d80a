using System.Text.Json.Nodes;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>A provisioner's webhook as the administration API writes it, and as ca.json does.</summary>
internal static class LinkedWebhook
{
    private static readonly string[] Kinds = ["NO_KIND", "ENRICHING", "AUTHORIZING", "SCEPCHALLENGE", "NOTIFYING"];
    private static readonly string[] CertificateTypes = ["ALL", "X509", "SSH"];

    /// <summary>As ca.json writes it.</summary>
    public static JsonObject Read(LinkedJson webhook)
    {
        var stored = new JsonObject().With("id", webhook.Text("id")).With("name", webhook.Text("name")).With("url", webhook.Text("url"))
            .With("kind", webhook.OneOf("kind", Kinds)).With("secret", webhook.Text("secret"))
            .With("disableTLSClientAuth", webhook.Flag("disableTlsClientAuth")).With("certType", webhook.OneOf("certType", CertificateTypes));
        if (webhook.Object("bearerToken") is { } bearer)
        {
            stored.With("bearerToken", bearer.Text("bearerToken"));
            bearer.RequireEmpty();
        }

        if (webhook.Object("basicAuth") is { } basic)
        {
            stored["basicAuth"] = new JsonObject { ["username"] = basic.Text("username") ?? "", ["password"] = basic.Text("password") ?? "" };
            basic.RequireEmpty();
        }

        webhook.RequireEmpty();
        return stored;
    }

    /// <param name="stored">As ca.json writes it.</param>
    /// <param name="secret">Only just made; null: it is not shown again.</param>
    public static JsonObject Write(JsonObject stored, string? secret = null) => new JsonObject()
        .With("name", stored["name"]).With("id", stored["id"]).With("url", stored["url"]).With("kind", stored["kind"]?.ToString().ToUpperInvariant())
        .With("secret", secret).With("disableTlsClientAuth", stored["disableTLSClientAuth"])
        .With("certType", stored["certType"]?.ToString().ToUpperInvariant() is { } type and not "ALL" ? type : null);
}
