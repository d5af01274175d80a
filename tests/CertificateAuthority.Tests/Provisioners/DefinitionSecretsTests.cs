using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Secrets of provisioners at rest: a copy of the database gives none away.</summary>
public sealed class DefinitionSecretsTests
{
    private const string Secret = "bm9ib2R5IG11c3QgcmVhZCB0aGlzIGF0IHJlc3Q=";
    private const string Oidc = $$"""{"type":"OIDC","name":"staff","clientID":"c","clientSecret":"{{Secret}}","configurationEndpoint":"https://login.example"}""";
    private const string Hooked = $$$"""{"type":"OIDC","name":"hooked","clientID":"c","configurationEndpoint":"https://login.example","options":{"webhooks":[{"id":"1","name":"w","url":"https://w.test/","kind":"ENRICHING","secret":"{{{Secret}}}","basicAuth":{"username":"u","password":"{{{Secret}}}"}}]}}""";

    private readonly DefinitionSecrets _secrets = new(new SecretCipher(new EphemeralDataProtectionProvider()));

    [Theory]
    [InlineData(Oidc)]
    [InlineData(Hooked)]
    public void Secrets_AreEncryptedAndComeBack(string definition)
    {
        var encrypted = _secrets.Encrypted(definition);

        encrypted.ShouldNotContain(Secret);
        _secrets.Encrypted(encrypted).ShouldBe(encrypted, "once is enough");
        JsonNode.DeepEquals(JsonNode.Parse(_secrets.Decrypted(encrypted)), JsonNode.Parse(definition)).ShouldBeTrue();
    }

    [Fact]
    public void Definition_WithoutSecrets_StaysAsItIs() => _secrets.Encrypted("""{ "type":"JWK" }""").ShouldBe("""{ "type":"JWK" }""");

    [Fact]
    public void Secret_MovedElsewhereOrOfAnotherKey_DoesNotDecrypt()
    {
        var moved = _secrets.Encrypted(Oidc).Replace("\"staff\"", "\"other\"", StringComparison.Ordinal);
        var foreign = new DefinitionSecrets(new SecretCipher(new EphemeralDataProtectionProvider())).Encrypted(Oidc);

        foreach (var definition in new[] { moved, foreign })
        {
            Should.Throw<ProblemException>(() => DefinitionSecrets.RequireDecrypted(ProvisionerDefinition.Parse(_secrets.Decrypted(definition)))).Message.ShouldContain("enter them again");
        }
    }

    [Fact]
    public void Secret_ThatAnAdministratorWritesAsEncrypted_IsRefused() =>
        Should.Throw<ProblemException>(() => DefinitionSecrets.RequireDecrypted(ProvisionerDefinition.Parse("""{"type":"OIDC","name":"a","clientSecret":{"encrypted":"x"}}""")));

    [SkippableFact]
    public async Task Rows_OfAnEarlierVersion_AreEncryptedAtTheNextStartAndServe()
    {
        await using var ca = await CaHost.StartAsync();
        await ca.Database.ExecuteAsync($"INSERT INTO ca.provisioners (name, type, definition, created_at) VALUES ('staff', 'OIDC', '{Oidc}', now()), ('hooked', 'OIDC', '{Hooked}', now())");

        await ca.RestartAsync();

        (await ca.Database.ScalarAsync<string>("SELECT string_agg(definition::text, ' ') FROM ca.provisioners")).ShouldNotBeNull().ShouldNotContain(Secret);
        (await ca.Database.ScalarAsync<string>("SELECT subject FROM audit.entries WHERE action = 'provisioner.secrets_encrypted'")).ShouldNotBeNull().Split(", ").ShouldBe(["staff", "hooked"], ignoreOrder: true);
        ca.Module.Provisioners.Stored.ShouldAllBe(stored => stored.Disabled == null);
        using var anyone = ca.Client();
        (await anyone.ReadAsync("/provisioners")).Body.ShouldContain(Secret, Case.Sensitive, "a client of the identity provider needs it, as at step-ca");
    }

    /// <summary>As after a restore without the key: what is in the row can be entered again only where the host starts.</summary>
    [SkippableFact]
    public async Task SecretOfTheHostsOwnProvisioner_ThatDoesNotDecrypt_DisablesItAndTheHostStarts()
    {
        await using var ca = await CaHost.StartAsync();
        var lost = JsonNode.Parse(Hooked)!["options"]!;
        lost["webhooks"]![0]!["secret"] = new JsonObject { ["encrypted"] = "x" };
        await ca.Database.ExecuteAsync($$"""UPDATE ca.provisioners SET definition = definition || '{"options":{{lost.ToJsonString()}}}'""");

        await ca.RestartAsync();

        ca.Module.Provisioners.Stored.Single().Disabled.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Secret_Saved_IsInNoRowAndInNoAnswerToAdministrators()
    {
        await using var ca = await CaHost.StartAsync();
        using var admin = ca.As("admin", Roles.Admin);

        using var response = await admin.PutAsync("/portal/provisioners/hooked", new StringContent(Hooked, System.Text.Encoding.UTF8, "application/json"));

        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        (await response.Content.ReadAsStringAsync()).ShouldNotContain(Secret);
        (await ca.Database.ScalarAsync<string>("SELECT definition::text FROM ca.provisioners WHERE name = 'hooked'")).ShouldNotBeNull().ShouldNotContain(Secret);
        using var again = await admin.PutAsync("/portal/provisioners/hooked", new StringContent(Hooked.Replace($",\"secret\":\"{Secret}\"", "", StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json"));
        again.StatusCode.ShouldBe(HttpStatusCode.OK, "it keeps the one it has");
    }
}
