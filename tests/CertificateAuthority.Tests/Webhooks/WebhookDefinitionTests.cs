using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Tests.Webhooks;

/// <summary>Webhooks as a definition has them, and what is shown of them.</summary>
public sealed class WebhookDefinitionTests
{
    internal static byte[] Secret { get; } = RandomNumberGenerator.GetBytes(32);

    [Theory]
    [InlineData("""{"url":"http://a.test/"}""", "https")]
    [InlineData("""{"url":"https://u:p@a.test/"}""", "https")]
    [InlineData("""{"url":"https://a.test/{{ .Token.sub }}"}""", "template")]
    [InlineData("""{"url":"nonsense"}""", "https")]
    [InlineData("""{"kind":"SCEPCHALLENGE"}""", "SCEPCHALLENGE")]
    [InlineData("""{"kind":""}""", "kind")]
    [InlineData("""{"secret":""}""", "secret")]
    [InlineData("""{"secret":"YWJj"}""", "secret")]
    [InlineData("""{"secret":"no*base64"}""", "base64")]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"id":""}""", "id")]
    [InlineData("""{"certType":"OTHER"}""", "OTHER")]
    [InlineData("""{"bearerToken":"a","basicAuth":{"username":"u"}}""", "bearer")]
    [InlineData("""{"bearerToken":"a\nb"}""", "bearer")]
    [InlineData("""{"basicAuth":{"username":"u:v"}}""", "colon")]
    [InlineData("""{"other":1}""", "other")]
    public void Webhook_NotUnderstood_IsRefused(string change, string reason)
    {
        var json = Change(new JsonObject { ["id"] = "1", ["name"] = "a", ["kind"] = "ENRICHING", ["url"] = "https://a.test/", ["secret"] = Convert.ToBase64String(Secret) }, change);

        Should.Throw<ProblemException>(() => Read(json)).Message.ShouldContain(reason);
    }

    [Fact]
    public void Webhooks_TooManyOrOfOneName_AreRefused()
    {
        Should.Throw<ProblemException>(() => Webhook.Of(JsonElement.Parse(new JsonArray([.. Enumerable.Range(0, 9).Select(index => Offline($"w{index}"))]).ToJsonString())));
        Should.Throw<ProblemException>(() => Webhook.Of(JsonElement.Parse(new JsonArray(Offline("a"), Offline("a")).ToJsonString())));
    }

    [Fact]
    public void Secrets_AreNotShownAndStayWithTheirAddress()
    {
        var stored = new JsonObject { ["type"] = "JWK", ["name"] = "a", ["options"] = new JsonObject { ["webhooks"] = new JsonArray(Change(Offline("a"), """{"bearerToken":"hidden"}""")) } }.ToJsonString();

        var shown = WebhookSecrets.Shown(stored, withOptions: true).GetRawText();
        shown.ShouldNotContain(Convert.ToBase64String(Secret));
        shown.ShouldNotContain("hidden");

        Restored(shown).ShouldBe((Convert.ToBase64String(Secret), "hidden"));
        Restored(shown.Replace("https://a.test/", "https://elsewhere.test/", StringComparison.Ordinal)).ShouldBe((null, null), "they would be told");
        Restored(shown.Replace("id-a", "id-b", StringComparison.Ordinal)).ShouldBe((null, null));

        (string?, string?) Restored(string wanted)
        {
            var webhook = JsonNode.Parse(WebhookSecrets.Restored(ProvisionerDefinition.Parse(wanted), stored).ToJson())!["options"]!["webhooks"]![0]!;
            return (webhook["secret"]?.ToString(), webhook["bearerToken"]?.ToString());
        }
    }

    private static JsonObject Offline(string name) => new() { ["id"] = "id-" + name, ["name"] = name, ["kind"] = "ENRICHING", ["url"] = "https://a.test/", ["secret"] = Convert.ToBase64String(Secret) };

    internal static JsonObject Change(JsonObject json, string change)
    {
        foreach (var (member, value) in JsonNode.Parse(change)!.AsObject())
        {
            json[member] = value?.DeepClone();
        }

        return json;
    }

    internal static Webhook Read(JsonObject webhook) => Webhook.Of(JsonElement.Parse(new JsonArray(webhook.DeepClone()).ToJsonString())).Single();
}
