using System.Net;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Tests.Acme;
using IoTPlatform.Identity;

namespace IoTPlatform.CertificateAuthority.Tests.Imports;

/// <summary>What a step-ca with remote management has in its database, in the words of ca.json.</summary>
public sealed class DefinitionImportTests(AcmeHost host) : IClassFixture<AcmeHost>
{
    /// <summary>In Go's names and with enumerations as numbers, as the database has them.</summary>
    [SkippableFact]
    public async Task Provisioner_IsTranslated_AndNotStored()
    {
        var (status, json) = await SendAsync("provisioner-definition", """
            {"type":6,"name":"managed","claims":{"x509":{"enabled":true,"durations":{"default":"2h"}},"disable_renewal":true},
             "details":{"ACME":{"force_cn":true,"require_eab":true,"challenges":[1,3]}},"x509Template":{"template":"e30="},"sshTemplate":null}
            """);

        status.ShouldBe(HttpStatusCode.OK, json.GetRawText());
        json.GetRawText().ShouldBe("""{"type":"ACME","name":"managed","forceCN":true,"requireEAB":true,"challenges":["http-01","tls-alpn-01"],"claims":{"disableRenewal":true,"defaultTLSCertDuration":"2h"},"options":{"x509":{"template":"{}"}}}""");
        (await host.Ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.provisioners WHERE name = 'managed'")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Policy_IsTranslated() =>
        (await SendAsync("policy-definition", """{"x509":{"allow":{"dns":["*.test"],"common_names":["a"]},"deny":{"ips":["10.0.0.0/8"]},"allow_wildcard_names":true}}""")).Json.GetRawText()
            .ShouldBe("""{"x509":{"allow":{"dns":["*.test"],"cn":["a"]},"deny":{"ip":["10.0.0.0/8"]},"allowWildcardNames":true}}""");

    /// <summary>What is not known may restrict.</summary>
    [SkippableTheory]
    [InlineData("provisioner-definition", """{"type":6,"name":"web","details":{"ACME":{"only_on_sundays":true}}}""", "only_on_sundays")]
    [InlineData("provisioner-definition", """{"type":6,"name":"web","details":{"ACME":{}},"quota":1}""", "quota")]
    [InlineData("provisioner-definition", """{"type":9,"name":"hosts","details":{"SSHPOP":{}}}""", "SSHPOP")]
    [InlineData("provisioner-definition", "[]", "object")]
    [InlineData("policy-definition", """{"x509":{"allow":{"dns":"*.test"}}}""", "dns")]
    [InlineData("policy-definition", """{"ssh":{"host":{"allow":{"dns":["a"]}}}}""", "dns")]
    public async Task Definition_ThatIsNotUnderstood_IsRefused(string kind, string body, string why)
    {
        var (status, json) = await SendAsync(kind, body);

        status.ShouldBe(HttpStatusCode.UnprocessableEntity, json.GetRawText());
        json.GetProperty("detail").GetString()!.ShouldContain(why);
    }

    [SkippableFact]
    public async Task Definition_ByOthersThanAdministrators_OrTooLong_IsRefused()
    {
        (await SendAsync("provisioner-definition", "{}", Roles.Viewer)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await SendAsync("policy-definition", "{}", Roles.Viewer)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await SendAsync("policy-definition", $$"""{"x509":"{{new string('a', 300_000)}}"}""")).Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    private async Task<(HttpStatusCode Status, JsonElement Json)> SendAsync(string kind, string body, string role = Roles.Admin)
    {
        using var client = host.Ca.As("ada", role);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync($"/portal/imports/{kind}", content);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? default : JsonElement.Parse(text));
    }
}
