using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Issuers;

/// <summary>Provisioners whose leaves an issuer of their own signs: it and no other.</summary>
public sealed class OwnIssuerTests(StepCaHost host) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = host.Ca;

    [SkippableFact]
    public async Task Leaf_IsOfTheIssuerThatItsProvisionerNames_AndOfNoOther_AlsoRenewedAndRekeyed()
    {
        using var north = new OtherAuthority("North");
        using var south = new OtherAuthority("South");
        using var a = new TokenMaker("north-tokens");
        using var b = new TokenMaker("south-tokens");
        await a.UseAsync(_ca, await _ca.ImportAsync(north));
        await b.UseAsync(_ca, await _ca.ImportAsync(south));

        using var key = StepCaCalls.NewKey();
        var first = await a.SignAsync(_ca, "a.north.test", key);
        using var second = await b.EnrollAsync(_ca, "b.south.test");
        using var usual = await _ca.EnrollAsync("usual.test");

        first.Certificate.ShouldBeOf(north);
        IssuerCalls.Verify(first.Certificate, south.Issuer, south.Root).ShouldNotBeNull();
        IssuerCalls.Verify(first.Certificate, _ca.Authority.Chain.Issuer, _ca.Root).ShouldNotBeNull();
        first.Json.GetProperty("ca").GetString()!.ReplaceLineEndings().Trim().ShouldBe(north.Issuer.ExportCertificatePem().ReplaceLineEndings());
        second.ShouldBeOf(south);
        IssuerCalls.Verify(usual, _ca.Authority.Chain.Issuer, _ca.Root).ShouldBeNull();

        using var certificate = first.Certificate.CopyWithPrivateKey(key);
        using var client = _ca.Client(certificate);
        // Its provisioner moves on; what was signed stays with who signed it.
        await a.UseAsync(_ca, "south-intermediate");
        var renewed = await client.SendAsync("/1.0/renew", "");
        renewed.Certificate.ShouldBeOf(north);
        foreach (var leaf in new[] { first.Certificate, renewed.Certificate })
        {
            (await OpenSsl.VerifyAsync(TimeProvider.System.GetUtcNow(), "sslclient", [leaf, north.Issuer, north.Root])).EnsureSuccess();
        }

        using var next = StepCaCalls.NewKey();
        (await client.SendAsync("/1.0/rekey", new JsonObject { ["csr"] = StepCaCalls.Csr(next, "a.north.test", "a.north.test") }.ToJsonString())).Certificate.ShouldBeOf(north);
        (await a.EnrollAsync(_ca, "c.north.test")).ShouldBeOf(south);

        await _ca.SetStateAsync("north-intermediate", IssuerState.Retired);
        (await client.SendAsync("/1.0/renew", "")).Certificate.ShouldBeOf(south);
    }

    [SkippableFact]
    public async Task Provisioner_OfAnIssuerThatDoesNotSign_IsRefused_AndNoOtherSignsInItsPlace()
    {
        using var other = new OtherAuthority("Closing");
        using var tokens = new TokenMaker("closing-tokens");
        await RefusedAsync("nobody", "there is no issuer nobody");
        var issuer = await _ca.ImportAsync(other, issue: false);
        await RefusedAsync(issuer, "is renewing");
        await _ca.ImportAsync(other);
        await tokens.UseAsync(_ca, issuer);
        using var leaf = await tokens.EnrollAsync(_ca, "before.closing.test");
        using var holder = _ca.Client(leaf);

        await _ca.SetStateAsync(issuer, IssuerState.Renewing);
        (await tokens.SignAsync(_ca, "after.closing.test")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _ca.DisabledReason("closing-tokens").ShouldBe($"The provisioner can't be used: the issuer {issuer} signs nothing new: its state is renewing.");
        (await holder.SendAsync("/1.0/renew", "")).Certificate.ShouldBeOf(other);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'after.closing.test'")).ShouldBe(0);

        (await tokens.SaveAsync(_ca, new JsonObject { ["issuer"] = issuer })).Status.ShouldBe(HttpStatusCode.OK, "the rest of it can be changed");
        await _ca.SetStateAsync(issuer, IssuerState.Retired);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable, "its provisioner names one that signs nothing");

        await _ca.SetStateAsync(issuer, IssuerState.Issuing);
        (await tokens.EnrollAsync(_ca, "again.closing.test")).ShouldBeOf(other);
        (await holder.SendAsync("/1.0/renew", "")).Certificate.ShouldBeOf(other);

        async Task RefusedAsync(string name, string why)
        {
            var (status, body) = await tokens.SaveAsync(_ca, new JsonObject { ["issuer"] = name });
            status.ShouldBe(HttpStatusCode.UnprocessableEntity, body);
            body.ShouldContain(why);
        }
    }

    [SkippableFact]
    public async Task Provisioner_OfTheHost_HasItsIssuer()
    {
        using var other = new OtherAuthority("Bridge");
        var issuer = await _ca.ImportAsync(other);
        using var client = _ca.Client();
        var definition = JsonNode.Parse(await client.GetStringAsync("/provisioners"))!["provisioners"]!.AsArray().Single(one => one!["name"]!.ToString() == "iot-bridge")!.AsObject();
        using var admin = _ca.As("ada", Roles.Admin);
        (await SaveAsync()).ShouldBe(HttpStatusCode.OK);

        definition["options"] = new JsonObject { ["issuer"] = issuer };
        (await SaveAsync()).ShouldBe(HttpStatusCode.Conflict);

        async Task<HttpStatusCode> SaveAsync()
        {
            using var answer = await admin.PutAsync("/portal/provisioners/iot-bridge", new StringContent(definition.ToJsonString(), Encoding.UTF8, "application/json"));
            return answer.StatusCode;
        }
    }

    [SkippableFact]
    public async Task Order_ForAnIssuerThatIsGone_OrOfAnotherProfile_IsNotSigned()
    {
        using var other = new OtherAuthority("Going");
        var issuer = await _ca.ImportAsync(other);
        using var key = StepCaCalls.NewKey();
        var order = AuthorityTests.DeviceOrder("gone", key) with { Issuer = issuer };
        (await Should.ThrowAsync<InvalidOperationException>(() => _ca.Authority.IssueAsync(order, default))).Message.ShouldContain("signs leaves");
        foreach (var profile in new[] { Profiles.TenantSubCa, Profiles.Intermediate, Profiles.Service, Profiles.MqttBridge })
        {
            await Should.ThrowAsync<InvalidOperationException>(() => _ca.Authority.IssueAsync(order with { Profile = profile }, default));
        }

        var leaf = order with { Profile = Profiles.Leaf, Names = SubjectNames.FromSans("gone.test", ["gone.test"]), Issuer = "gone" };
        (await Should.ThrowAsync<ProblemException>(() => _ca.Authority.IssueAsync(leaf, default))).Code.ShouldBe("issuer_unavailable");
        await _ca.SetStateAsync(issuer, IssuerState.Retired);
        (await Should.ThrowAsync<ProblemException>(() => _ca.Authority.IssueAsync(leaf with { Issuer = issuer }, default))).Code.ShouldBe("issuer_unavailable");
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject IN ('gone', 'gone.test')")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Issuer_WithLeavesOrAProvisioner_StaysOnRecord()
    {
        using var other = new OtherAuthority("Leaving");
        using var tokens = new TokenMaker("leaving-tokens");
        var issuer = await _ca.ImportAsync(other);
        await tokens.UseAsync(_ca, issuer);
        await RefusedAsync("retire it first");
        await _ca.SetStateAsync(issuer, IssuerState.Issuing);
        using var leaf = await tokens.EnrollAsync(_ca, "leaf.leaving.test");
        await _ca.SetStateAsync(issuer, IssuerState.Retired);
        await RefusedAsync("provisioner names");
        (await tokens.SaveAsync(_ca, options: null)).Status.ShouldBe(HttpStatusCode.OK);
        await RefusedAsync("has not ended");

        await new IssuerStore(_ca.Database.DataSource, new FakeTime(TimeProvider.System.GetUtcNow().AddDays(2))).RemoveAsync(issuer, "ada", default);

        (await _ca.Database.ScalarAsync<string>($"SELECT string_agg(action, ' ' ORDER BY sequence) FROM audit.entries WHERE subject = '{issuer}' AND actor = 'ada'")).ShouldBe("issuer.state_changed issuer.removed");
        async Task RefusedAsync(string why)
        {
            var refused = await Should.ThrowAsync<ProblemException>(() => _ca.Module.Issuers.RemoveAsync(issuer, "ada", default));
            (refused.Code, refused.Message.Contains(why)).ShouldBe(("issuer_in_use", true), refused.Message);
        }
    }

    [SkippableFact]
    public async Task Issuer_AddedByAnotherProcess_SignsHereWithoutRestart()
    {
        using var other = new OtherAuthority("Elsewhere");
        using var tokens = new TokenMaker("elsewhere-tokens");
        await using (var process = await CertificateAuthorityModule.StartAsync(
            CaHost.DefaultOptions, _ca.Authority.Issuers, _ca.Database.DataSource, _ca.Folder, _ca.Passwords, TimeProvider.System, NullLoggerFactory.Instance, default))
        {
            var import = new AuthorityImports(process.Authority, process.Issuers, process.Provisioners, process.Passwords);
            var request = other.Import("password");
            var added = await import.AddIssuerAsync(new() { Chain = request.Chain, Key = request.Key, Password = request.Password, Names = [], Issue = true }, "ada", default);
            await process.ProvisionerStore.SaveAsync(
                ProvisionerDefinition.Parse(tokens.Definition(new JsonObject { ["issuer"] = added.Issuer }).ToJsonString()), tokens.KeyId, new ProvisionerChange("ada"), default);
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        StepCaReply reply;
        while ((reply = await tokens.SignAsync(_ca, "leaf.elsewhere.test")).Status != HttpStatusCode.Created)
        {
            await Task.Delay(50, deadline.Token);
        }

        reply.Certificate.ShouldBeOf(other);
    }

    [SkippableFact]
    public async Task Leaf_Revoked_IsOnTheListOfItsIssuerAndOnNoOther_AlsoWhenThatIsRetired()
    {
        using var other = new OtherAuthority("Listing");
        using var tokens = new TokenMaker("listing-tokens");
        var issuer = await _ca.ImportAsync(other);
        await tokens.UseAsync(_ca, issuer);
        using var leaf = await tokens.EnrollAsync(_ca, "leaf.listing.test");
        await _ca.SetStateAsync(issuer, IssuerState.Retired);

        await _ca.Authority.RevokeAsync(new Revocation { Serial = leaf.SerialNumberBytes.ToArray(), ReasonCode = RevocationReason.KeyCompromise, By = "ada" }, default);

        using var lists = new RevocationLists(_ca.Authority, _ca.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
        (await lists.FindAsync(other.Id, shard: null, default)).ShouldNotBeNull().Der.AsSpan().IndexOf(leaf.SerialNumberBytes.Span).ShouldBePositive();
        (await lists.ActiveAsync(default)).Der.AsSpan().IndexOf(leaf.SerialNumberBytes.Span).ShouldBe(-1);
        using var client = _ca.Client();
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder.Combine("list.crl"), await client.GetByteArrayAsync($"/crl/{other.Id}.crl"));
        await File.WriteAllTextAsync(folder.Combine("issuer.pem"), other.Issuer.ExportCertificatePem());
        var read = (await Tools.RunAsync(Requires.Tool("openssl"), ["crl", "-in", folder.Combine("list.crl"), "-inform", "DER", "-CAfile", folder.Combine("issuer.pem"), "-noout", "-text"])).EnsureSuccess();
        read.Error.ShouldContain("verify OK");
        read.Output.ShouldContain(leaf.SerialNumber.TrimStart('0'));
    }

    [SkippableFact]
    public async Task Leaf_OfATwin_OrNotOnRecord_IsNobody()
    {
        using var real = new OtherAuthority("Twin");
        using var twin = new OtherAuthority("Twin");
        // The same names, and the key identifier that the real one has.
        using var forger = new OtherAuthority("Twin", real.Id);
        using var a = new TokenMaker("twin-a");
        using var b = new TokenMaker("twin-b");
        var (first, second) = (await _ca.ImportAsync(real), await _ca.ImportAsync(twin));
        second.ShouldBe($"{first}-{twin.Id[..8]}");
        await a.UseAsync(_ca, first);
        await b.UseAsync(_ca, second);
        using var ofTwin = await b.EnrollAsync(_ca, "b.twin.test");
        ofTwin.ShouldBeOf(twin);
        IssuerCalls.Verify(ofTwin, real.Issuer, real.Root).ShouldNotBeNull();

        using var forged = forger.Leaf("forged.twin.test");
        // Its own key signed it, and nobody ordered it here.
        using var unknown = real.Leaf("unknown.twin.test");
        foreach (var certificate in new[] { forged, unknown })
        {
            using var client = _ca.Client(certificate);
            (await client.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    [SkippableFact]
    public async Task AuthorityCertificate_ByRequestOrTemplate_IsNotSignedByAnOwnIssuerEither()
    {
        using var other = new OtherAuthority("Below");
        using var tokens = new TokenMaker("below-tokens");
        var issuer = await _ca.ImportAsync(other);
        (await tokens.SaveAsync(_ca, new JsonObject
        {
            ["issuer"] = issuer,
            ["x509"] = new JsonObject { ["template"] = """{"subject":{{ toJson .Subject }},"sans":{{ toJson .SANs }},"keyUsage":["certSign"],"basicConstraints":{"isCA":true,"maxPathLen":0}}""" },
        })).Status.ShouldBe(HttpStatusCode.OK);

        (await tokens.SignAsync(_ca, "sub.below.test")).Status.ShouldNotBe(HttpStatusCode.Created);

        await tokens.UseAsync(_ca, issuer);
        using var key = StepCaCalls.NewKey();
        var asks = new CertificateRequest("CN=sub.below.test", key, HashAlgorithmName.SHA256);
        asks.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        (await tokens.SignAsync(_ca, "sub.below.test", asks.CreateSigningRequestPem())).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'sub.below.test'")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Name_OfThePlatform_IsNotCertifiedByAnOwnIssuerEither()
    {
        using var other = new OtherAuthority("Reserved");
        using var tokens = new TokenMaker("reserved-tokens");
        await tokens.UseAsync(_ca, await _ca.ImportAsync(other));

        foreach (var name in new[] { "acme-mqtt-bridge", "spiffe://acme.iot.example/mqtt-bridge", "spiffe://acme.iot.example/device/pump" })
        {
            using var key = StepCaCalls.NewKey();
            (await tokens.SignAsync(_ca, name, StepCaCalls.Csr(key, cn: null, name))).Status.ShouldBe(HttpStatusCode.Forbidden, name);
        }
    }
}
