using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Templates;

/// <summary>Certificates that a provisioner's template shapes, and callers who would have it shape more.</summary>
public sealed class TemplateSignTests(StepCaHost host) : IClassFixture<StepCaHost>
{
    /// <summary>What a careless administrator might attach: the caller says everything.</summary>
    private const string WhateverTheCallerSays = "{{ toJson .Insecure.User }}";

    private CaHost Ca => host.Ca;

    [SkippableFact]
    public async Task Device_ByTheShippedTemplate_IsWhatItSays()
    {
        using var owner = await AddAsync("devices", File.ReadAllText(TemplateCorpus.Shipped("device-leaf.tpl")));

        using var certificate = (await SignAsync(owner, "sensor-1")).Certificate;

        var parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        parsed.Names.CommonName.ShouldBe("sensor-1");
        parsed.Names.AllSans.ShouldBe(["sensor-1"]);
        parsed.KeyUsages.ShouldBe(X509KeyUsageFlags.DigitalSignature);
        parsed.ExtendedKeyUsages.ShouldBe([Oids.ClientAuth]);
        parsed.IsCa.ShouldBeFalse();
        await Ca.ShouldVerifyByOpenSslAsync(certificate, "sslclient");
    }

    [SkippableFact]
    public async Task Service_ByTheShippedTemplate_IsWhatItSays()
    {
        using var owner = await AddAsync("services", File.ReadAllText(TemplateCorpus.Shipped("service-leaf.tpl")));

        using var certificate = (await SignAsync(owner, "api", ["api.test", "192.0.2.1"])).Certificate;
        var other = await SignAsync(owner, "api", ["api.test", "urn:x"]);

        var parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        parsed.Names.CommonName.ShouldBe("api");
        parsed.Names.AllSans.ShouldBe(["api.test", "192.0.2.1"]);
        parsed.KeyUsages.ShouldBe(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment);
        parsed.ExtendedKeyUsages.ShouldBe([Oids.ServerAuth, Oids.ClientAuth]);
        await Ca.ShouldVerifyByOpenSslAsync(certificate, "sslserver");
        other.ShouldBeRefused(400, "The request could not be completed: a service has no name such as urn:x.");
    }

    /// <summary>What the tenant's Sub-CA is by its template, it is by JOIN; by a token it is nobody's.</summary>
    [SkippableFact]
    public async Task SubCa_ByTheShippedTemplate_IsBoughtByNoToken()
    {
        using var owner = await AddAsync("sub-cas", File.ReadAllText(TemplateCorpus.Shipped("tenant-sub-ca.tpl")), """{"permittedURIDomains":["acme.iot.example"]}""");

        var reply = await SignAsync(owner, "acme Sub-CA", ["acme.test"]);

        reply.Status.ShouldBe(HttpStatusCode.BadRequest, reply.Body);
        reply.Message.ShouldContain("a provisioner gives none");
    }

    [SkippableFact]
    public async Task Renewal_OfATemplatesCertificate_SaysTheSameAgain()
    {
        using var owner = await AddAsync("shaped", """
            {"subject":{"commonName":{{ toJson .Subject.CommonName }},"organization":"Ops"},"sans":{{ toJson .SANs }},"keyUsage":["digitalSignature","keyAgreement"],"extKeyUsage":["clientAuth","codeSigning"],
             "policyIdentifiers":["1.2.3.4"],"crlDistributionPoints":["http://a.test/1.crl"],"ocspServer":["http://a.test/ocsp"],"extensions":[{"id":"1.3.6.1.4.1.99999.1","critical":true,"value":"BQA="}]}
            """);
        using var key = StepCaCalls.NewKey();
        using var client = Ca.Client();
        var reply = await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), owner.Token(Ca, "a.test"));
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var first = reply.Certificate.CopyWithPrivateKey(key);

        using var holder = Ca.Client(first);
        using var second = (await holder.SendAsync("/1.0/renew", "")).Certificate.CopyWithPrivateKey(key);
        using var again = Ca.Client(second);
        using var third = (await again.SendAsync("/1.0/renew", "")).Certificate;

        third.SerialNumber.ShouldNotBe(first.SerialNumber);
        third.Subject.ShouldBe(first.Subject);
        third.Subject.ShouldContain("O=Ops");
        Said(third).ShouldBe(Said(first));
        Said(third).Count.ShouldBe(10);

        static List<string> Said(X509Certificate2 certificate) => [.. certificate.Extensions.Select(extension => $"{extension.Oid!.Value} {extension.Critical} {Convert.ToHexString(extension.RawData)}").Order(StringComparer.Ordinal)];
    }

    [SkippableFact]
    public async Task Names_OfTheTemplate_AreJudgedByThePolicy()
    {
        using var owner = await AddAsync("judged", WhateverTheCallerSays, policy: """{"x509":{"allow":{"dns":["*.fleet.test"]}}}""");

        (await SignAsync(owner, "a.fleet.test", data: """{"subject":"b.fleet.test","dnsNames":["b.fleet.test"]}""")).Status.ShouldBe(HttpStatusCode.Created);
        foreach (var data in new[]
        {
            """{"subject":"a.fleet.test","dnsNames":["a.fleet.test","www.bank.test"]}""",
            """{"subject":"www.bank.test","dnsNames":["a.fleet.test"]}""",
            """{"subject":"a.fleet.test","sans":[{"type":"ip","value":"192.0.2.1"}]}""",
            """{"subject":"a.fleet.test","uris":["https://www.bank.test/"]}""",
            // c.test, as an extension.
            """{"subject":"a.fleet.test","extensions":[{"id":"2.5.29.17","value":"MAiCBmMudGVzdA=="}]}""",
            """{"subject":"a.fleet.test","dnsNames":["a.fleet.test"],"extensions":[{"id":"2.5.29.17","value":"MAiCBmMudGVzdA=="}]}""",
        })
        {
            var refused = await SignAsync(owner, "a.fleet.test", data: data);
            refused.Status.ShouldBe(HttpStatusCode.Forbidden, data + refused.Body);
            refused.Message.ShouldContain("not allowed");
        }
    }

    /// <summary>An e-mail address and a domain in the subject are names (RFC 5280 4.1.2.6, RFC 2247), whatever they are called.</summary>
    [SkippableFact]
    public async Task Names_InTheSubject_AreJudgedByThePolicy()
    {
        using var owner = await AddAsync("subjects", WhateverTheCallerSays, policy: """{"x509":{"allow":{"dns":["*.fleet.test"],"email":["@fleet.test"]}}}""");

        using var certificate = (await SignAsync(owner, "a.fleet.test", data: Extra(("1.2.840.113549.1.9.1", "me@fleet.test"), ("0.9.2342.19200300.100.1.25", "test"), ("0.9.2342.19200300.100.1.25", "fleet"), ("0.9.2342.19200300.100.1.25", "b")))).Certificate;
        certificate.Subject.ShouldContain("me@fleet.test");
        foreach (var data in new[]
        {
            Extra(("1.2.840.113549.1.9.1", "ceo@bank.test")), Extra(("1.2.840.113549.1.9.1", "me@fleet.test"), ("1.2.840.113549.1.9.1", "ceo@bank.test")), Extra(("1.2.840.113549.1.9.1", "no address")),
            Extra(("0.9.2342.19200300.100.1.25", "test"), ("0.9.2342.19200300.100.1.25", "bank")), Extra(("0.9.2342.19200300.100.1.25", "www.bank.test")),
        })
        {
            var refused = await SignAsync(owner, "a.fleet.test", data: data);
            refused.Status.ShouldBe(HttpStatusCode.Forbidden, data + refused.Body);
            refused.Message.ShouldContain("not allowed");
        }

        static string Extra(params (string Type, string Value)[] names) => new JsonObject
        {
            ["subject"] = new JsonObject { ["commonName"] = "a.fleet.test", ["extraNames"] = new JsonArray([.. names.Select(name => new JsonObject { ["type"] = name.Type, ["value"] = name.Value })]) },
            ["dnsNames"] = new JsonArray("a.fleet.test"),
        }.ToJsonString();
    }

    [SkippableFact]
    public async Task Names_ThatAreIdentities_AreNoTemplatesToGive()
    {
        using var owner = await AddAsync("identities", WhateverTheCallerSays);

        foreach (var data in new[]
        {
            """{"subject":"acme-mqtt-bridge","dnsNames":["a.test"]}""", """{"subject":"a.test","uris":["spiffe://acme.iot.example/device/one"]}""",
            """{"subject":"a.test","dnsNames":["acme-mqtt-bridge"]}""",
        })
        {
            var refused = await SignAsync(owner, "a.test", data: data);
            refused.Status.ShouldBe(HttpStatusCode.Forbidden, data + refused.Body);
        }
    }

    [SkippableFact]
    public async Task Extensions_ThatAreTheAuthoritys_AreNoTemplatesToGive()
    {
        using var owner = await AddAsync("extensions", WhateverTheCallerSays);

        foreach (var oid in new[]
        {
            "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35", "2.5.29.30", "2.5.29.31", "2.5.29.18", "2.5.29.33", "2.5.29.36", "2.5.29.54",
            "2.16.840.1.113730.1.1", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.48.1.5", "1.3.6.1.4.1.37476.9000.64.1", "no oid", "",
        })
        {
            var refused = await SignAsync(owner, "a.test", data: $$"""{"subject":"a.test","dnsNames":["a.test"],"extensions":[{"id":"{{oid}}","critical":true,"value":"MAMBAf8="}]}""");
            refused.Status.ShouldBe(HttpStatusCode.Forbidden, oid + refused.Body);
        }

        (await SignAsync(owner, "a.test", data: """{"subject":"a.test","dnsNames":["a.test"],"extensions":[{"id":"1.2.3","value":"BQA="},{"id":"1.2.3","value":"BQA="}]}""")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Usages_OfACa_AreNoTemplatesToGive()
    {
        using var owner = await AddAsync("usages", WhateverTheCallerSays);

        foreach (var data in new[] { """{"subject":"a","basicConstraints":{"isCA":true}}""", """{"subject":"a","keyUsage":["certSign"]}""", """{"subject":"a","extKeyUsage":["ocspSigning"]}""" })
        {
            (await SignAsync(owner, "a.test", data: data)).Status.ShouldBe(HttpStatusCode.BadRequest, data);
        }
    }

    /// <summary>The token is spent with the certificate; what a template refuses leaves it.</summary>
    [SkippableFact]
    public async Task Refusal_OfTheTemplate_IsTheCallersToReadAndCostsNoToken()
    {
        using var owner = await AddAsync("strict", """{{ if not .Insecure.User.unit }}{{ fail "say which unit" }}{{ end }}{"subject":{{ toJson .Subject }},"sans":{{ toJson .SANs }}}""");
        var token = owner.Token(Ca, "a.test");
        using var key = StepCaCalls.NewKey();
        using var client = Ca.Client();

        (await client.SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), token)).ShouldBeRefused(400, "The request could not be completed: say which unit.");

        var body = new JsonObject { ["csr"] = StepCaCalls.Csr(key, "a.test", "a.test"), ["ott"] = token, ["templateData"] = new JsonObject { ["unit"] = "7" } };
        (await client.SendAsync("/1.0/sign", body.ToJsonString())).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Failure_OfTheTemplate_NamesFileAndLine()
    {
        using var owner = await AddAsync("failing", "{\n\"subject\": {{ upper 5 }}\n}", file: "failing.tpl");

        (await SignAsync(owner, "a.test")).Message.ShouldContain("failing.tpl:2: ");
    }

    [SkippableTheory]
    [InlineData("""{"x509":{"template":"{\n{{ nonsense }}}"}}""", "template:2:")]
    [InlineData("""{"x509":{"template":"{\n{{ nonsense }}}","templateFile":"templates/a.tpl"}}""", "a.tpl:2:")]
    [InlineData("""{"x509":{"template":"no json"}}""", "base64")]
    [InlineData("""{"x509":{"templateFile":"/etc/passwd"}}""", "templateFile")]
    [InlineData("""{"x509":{"template":5}}""", "text")]
    [InlineData("""{"x509":{"template":"{}","templateData":5}}""", "object")]
    [InlineData("""{"x509":{"other":5}}""", "other")]
    [InlineData("""{"x509":5}""", "object")]
    [InlineData("""{"other":5}""", "other")]
    [InlineData("""5""", "object")]
    public void Options_NotUnderstood_AreRefusedWhole(string options, string reason)
    {
        var refusal = Should.Throw<ProblemException>(() => ProvisionerOptions.Of(ProvisionerDefinition.Parse($$"""{"type":"JWK","name":"a","options":{{options}}}""")));
        refusal.Code.ShouldBe("invalid_provisioner");
        refusal.Message.ShouldContain(reason);
    }

    [SkippableTheory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"x509":{},"ssh":{}}""")]
    [InlineData("""{"x509":{"template":"","templateFile":""},"ssh":{"template":"{}"}}""")]
    public void Options_Empty_AreNone(string options) =>
        ProvisionerOptions.Of(ProvisionerDefinition.Parse($$"""{"type":"JWK","name":"a","options":{{options}}}""")).Template.ShouldBeNull();

    /// <summary>A template in base64 is one, too; and what an administrator wrote is not for everybody.</summary>
    [SkippableFact]
    public async Task Template_InBase64_IsReadAndNotTold()
    {
        using var owner = await AddAsync("base64", Convert.ToBase64String("""{"subject":"fixed.test","dnsNames":["fixed.test"]}"""u8.ToArray()));

        using var certificate = (await SignAsync(owner, "a.test")).Certificate;

        certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false).ShouldBe("fixed.test");
        using var client = Ca.Client();
        (await client.ReadAsync("/provisioners?limit=100")).Body.ShouldNotContain("options");
    }

    private async Task<TemplateOwner> AddAsync(string name, string template, string? data = null, string? policy = null, string? file = null)
    {
        var owner = new TemplateOwner(name);
        var x509 = new JsonObject { ["template"] = template, ["templateFile"] = file, ["templateData"] = data is null ? null : JsonNode.Parse(data) };
        var definition = owner.Definition(new JsonObject { ["x509"] = x509 });
        if (policy is not null)
        {
            definition["policy"] = JsonNode.Parse(policy);
        }

        await owner.SaveAsync(Ca, definition);
        return owner;
    }

    private async Task<StepCaReply> SignAsync(TemplateOwner owner, string subject, string[]? sans = null, string? data = null)
    {
        using var key = StepCaCalls.NewKey();
        using var client = Ca.Client();
        var body = new JsonObject { ["csr"] = StepCaCalls.Csr(key, subject, sans ?? [subject]), ["ott"] = owner.Token(Ca, subject, sans ?? [subject]), ["templateData"] = data is null ? null : JsonNode.Parse(data) };
        return await client.SendAsync("/1.0/sign", body.ToJsonString());
    }
}
