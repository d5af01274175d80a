using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Issuers;

/// <summary>Issuers that an administrator makes: signed by the root where its key is here, by others where it is not.</summary>
public sealed class CreatedIssuerTests(StepCaHost host) : IClassFixture<StepCaHost>
{
    private const string Path = "/portal/issuers";

    private readonly CaHost _ca = host.Ca;

    [SkippableFact]
    public async Task Issuer_Created_IsSignedByTheRoot_AndSignsForItsProvisionersAlone()
    {
        using var tokens = new TokenMaker("factory-tokens");
        var created = await CreateAsync(new CreateIssuerRequest { Name = "factory", CommonName = "Factory CA", Days = 100 });
        (created.State, created.CommonName, created.HasKey, created.Request, created.RootFingerprint).ShouldBe(("issuing", "Factory CA", true, null, _ca.RootFingerprint));
        created.NotAfter!.Value.ShouldBe(TimeProvider.System.GetUtcNow().AddDays(100), TimeSpan.FromMinutes(5));
        await tokens.UseAsync(_ca, "factory");

        var reply = await tokens.SignAsync(_ca, "leaf.factory.test");

        using var issuer = Pem.ParseCertificate(reply.Json.GetProperty("ca").GetString()!);
        var info = IssuerInfo.FromCertificate(issuer);
        (info.PathLength, Convert.ToHexStringLower(info.SubjectKeyIdentifier.Span)).ShouldBe((0, created.Id));
        ChainVerifier.Verify(issuer, [], [_ca.Root], CertificatePurpose.CertificateAuthority, TimeProvider.System.GetUtcNow()).Reason.ShouldBeNull();
        IssuerCalls.Verify(reply.Certificate, issuer, _ca.Root).ShouldBeNull();
        IssuerCalls.Verify(reply.Certificate, _ca.Authority.Chain.Issuer, _ca.Root).ShouldNotBeNull("the Intermediate CA has no part in it");
        (await ListAsync()).Single(one => one.Name == "factory").Provisioners.ShouldBe(["factory-tokens"]);
        (await _ca.Database.ScalarAsync<string>("SELECT issuer || ' ' || provisioner || ' ' || requester FROM ca.certificates WHERE profile = 'issuer' AND subject = 'Factory CA'")).ShouldBe($"{_ca.Root.GetNameInfo(X509NameType.SimpleName, false)} self ada");
        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(action, ' ' ORDER BY sequence) FROM audit.entries WHERE subject IN ('factory', 'Factory CA')")).ShouldBe("issuer.created certificate.intended certificate.issued issuer.completed");
        using var lists = new RevocationLists(_ca.Authority, _ca.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
        (await lists.FindAsync(created.Id!, shard: null, default)).ShouldNotBeNull();
        (await CreatedAsync(new CreateIssuerRequest { Name = "factory" })).ShouldBe((HttpStatusCode.Conflict, "issuer_exists"));
    }

    [SkippableFact]
    public async Task Issuer_WhoseRootKeyIsElsewhere_WaitsForACertificateOfItsKey()
    {
        using var away = new RootKeyAway(_ca);
        using var outside = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = SelfSigned(outside);
        var first = await CreateAsync(new CreateIssuerRequest { Name = "partner", CommonName = "Partner CA" });
        (first.State, first.Disabled, first.NotAfter).ShouldBe(("requested", null, null));
        var again = await CreateAsync(new CreateIssuerRequest { Name = "partner", CommonName = "Partner CA" });
        CertificateSigningRequest.ParsePem(again.Request!).SubjectPublicKeyInfoSha256.ShouldBe(CertificateSigningRequest.ParsePem(first.Request!).SubjectPublicKeyInfoSha256, "it goes on with the same key");
        using var tokens = new TokenMaker("partner-tokens");
        (await tokens.SaveAsync(_ca, new() { ["issuer"] = "partner" })).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ofStranger = Signed(root, outside, "CN=Partner CA", stranger.ExportSubjectPublicKeyInfo());
        using var signed = Signed(root, outside, "CN=Partner CA", CertificateSigningRequest.ParsePem(again.Request!).SubjectPublicKeyInfo.ToArray());

        (await CompletedAsync("partner", Pem.Certificates([ofStranger, root]))).ShouldBe((HttpStatusCode.BadRequest, "key_mismatch"));
        (await CompletedAsync("partner", Pem.Certificates([signed]))).Status.ShouldBe(HttpStatusCode.BadRequest, "no root");
        (await CompletedAsync("partner", _ca.Authority.Chain.Pem)).ShouldBe((HttpStatusCode.Conflict, "own_issuer"));
        (await CompletedAsync("nobody", Pem.Certificates([signed, root]))).ShouldBe((HttpStatusCode.NotFound, "no_such_issuer"));
        (await CompletedAsync("partner", Pem.Certificates([signed, root]))).Status.ShouldBe(HttpStatusCode.OK);
        (await CompletedAsync("partner", Pem.Certificates([signed, root]))).ShouldBe((HttpStatusCode.Conflict, "issuer_exists"));

        await tokens.UseAsync(_ca, "partner");
        IssuerCalls.Verify(await tokens.EnrollAsync(_ca, "leaf.partner.test"), signed, root).ShouldBeNull();
    }

    /// <summary>The row is there, and so is the certificate, but they have not met.</summary>
    [SkippableFact]
    public async Task Creation_CutOffAfterTheSignature_GoesOnWithTheSameCertificate()
    {
        var created = await CreateAsync(new CreateIssuerRequest { Name = "cut", CommonName = "Cut CA" });
        await _ca.Database.ExecuteAsync("UPDATE ca.issuers SET state = 'requested', chain = NULL, key_id = NULL WHERE name = 'cut'");

        var again = await CreateAsync(new CreateIssuerRequest { Name = "cut", CommonName = "Cut CA" });

        (again.State, again.Id, again.NotAfter).ShouldBe(("issuing", created.Id, created.NotAfter));
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'Cut CA'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Issuer_IsTheAdministratorsAlone_AndItsKeyIsShownToNobody()
    {
        await CreateAsync(new CreateIssuerRequest { Name = "secret" });
        using var viewer = _ca.As("vera", Roles.Viewer);
        using var operation = _ca.As("otto", Roles.Operator);
        (await viewer.GetStringAsync(Path)).ShouldNotContain("PRIVATE KEY");
        foreach (var client in new[] { viewer, operation })
        {
            using var created = await client.PostAsJsonAsync(Path, new CreateIssuerRequest { Name = "theirs" }, ContractsJson.Default.CreateIssuerRequest);
            created.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            using var changed = await client.PutAsJsonAsync($"{Path}/secret/state", new IssuerStateRequest { State = "retired" }, ContractsJson.Default.IssuerStateRequest);
            changed.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            using var completed = await client.PutAsJsonAsync($"{Path}/secret/chain", new CompleteIssuerRequest { Chain = "" }, ContractsJson.Default.CompleteIssuerRequest);
            completed.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            using var removed = await client.DeleteAsync($"{Path}/secret");
            removed.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("Factory")]
    [InlineData("a b")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task Name_ThatIsNone_IsRefused(string name) => (await CreatedAsync(new CreateIssuerRequest { Name = name })).ShouldBe((HttpStatusCode.UnprocessableEntity, "invalid_issuer"));

    [SkippableFact]
    public async Task Issuer_WhoseKeyIsInOtherHands_IsEndedInOneAct_WithAllOfItsLeaves()
    {
        using var tokens = new TokenMaker("stolen-tokens");
        var created = await CreateAsync(new CreateIssuerRequest { Name = "stolen", CommonName = "Stolen CA" });
        await tokens.UseAsync(_ca, "stolen");
        using var one = await tokens.EnrollAsync(_ca, "one.stolen.test");
        using var two = await tokens.EnrollAsync(_ca, "two.stolen.test");
        using var usual = await _ca.EnrollAsync("usual.stolen.test");
        var own = Convert.FromHexString((await _ca.Database.ScalarAsync<string>("SELECT encode(serial, 'hex') FROM ca.certificates WHERE profile = 'issuer' AND subject = 'Stolen CA'"))!);
        var key = new KeyEmergency(_ca.Authority, _ca.Module.ServiceCertificate);
        (await Should.ThrowAsync<ProblemException>(() => key.PlanAsync(SerialNumber.ToDecimal(own), default))).Code.ShouldBe("ca_not_revocable");
        (await Should.ThrowAsync<ProblemException>(() => new ProfileRevocations(_ca.Authority, []).RevokeAsync(new Revocation { Serial = own, By = "ada" }, confirmation: null, default))).Code.ShouldBe("ca_not_revocable");
        var emergencies = new Emergencies(_ca.Authority, [new IssuerEmergency(_ca.Module, _ca.Module.Provisioners)], TimeProvider.System);
        var preview = await emergencies.PreviewAsync("issuer", "stolen", default);
        (preview.Certificates, preview.Consequences.Any(line => line.Contains("stolen-tokens"))).ShouldBe((2, true));
        (await Should.ThrowAsync<ProblemException>(() => emergencies.PreviewAsync("issuer", "nobody", default))).Code.ShouldBe("no_such_issuer");

        var done = await emergencies.RunAsync(new EmergencyOrder { Kind = "issuer", Target = "stolen", Expected = 2, By = "ada" }, default);

        (done.Certificates, done.Revoked).ShouldBe((0, 2));
        foreach (var (certificate, isRevoked) in new[] { (one, true), (two, true), (usual, false) })
        {
            (await _ca.Authority.FindAsync(certificate.SerialNumberBytes.ToArray(), default))!.IsRevoked.ShouldBe(isRevoked);
        }

        (await _ca.Authority.FindAsync(own, default))!.ReasonCode.ShouldBe(RevocationReason.CaCompromise);
        (await tokens.SignAsync(_ca, "three.stolen.test")).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        done.StillTrusted.ShouldContain(t => t.Who.Contains("whatever its key signs", StringComparison.Ordinal) && t.Until == created.NotAfter, "a stolen key goes on signing");
        (await ListAsync()).Single(issuer => issuer.Id == created.Id).State.ShouldBe("retired");
        using var lists = new RevocationLists(_ca.Authority, _ca.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
        (await lists.FindAsync(created.Id!, shard: null, default)).ShouldNotBeNull().Der.AsSpan().IndexOf(one.SerialNumberBytes.Span).ShouldBePositive();
        // Again, it changes nothing.
        (await emergencies.RunAsync(new EmergencyOrder { Kind = "issuer", Target = "stolen", By = "ada" }, default)).Revoked.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Issuer_Ended_InTheOrderOfItsStates()
    {
        await CreateAsync(new CreateIssuerRequest { Name = "ending" });
        using var admin = _ca.As("ada", Roles.Admin);

        (await StateAsync("gone")).ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await StateAsync("requested")).ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await RemoveAsync()).ShouldBe(HttpStatusCode.Conflict, "it issues");
        (await StateAsync("renewing")).ShouldBe(HttpStatusCode.OK);
        (await RemoveAsync()).ShouldBe(HttpStatusCode.Conflict, "it renews");
        (await StateAsync("retired")).ShouldBe(HttpStatusCode.OK);
        (await RemoveAsync()).ShouldBe(HttpStatusCode.NoContent);
        (await RemoveAsync()).ShouldBe(HttpStatusCode.NotFound);
        (await ListAsync()).ShouldNotContain(one => one.Name == "ending");

        async Task<HttpStatusCode> StateAsync(string state)
        {
            using var answer = await admin.PutAsJsonAsync($"{Path}/ending/state", new IssuerStateRequest { State = state }, ContractsJson.Default.IssuerStateRequest);
            return answer.StatusCode;
        }

        async Task<HttpStatusCode> RemoveAsync()
        {
            using var answer = await admin.DeleteAsync($"{Path}/ending");
            return answer.StatusCode;
        }
    }

    private async Task<IssuerView> CreateAsync(CreateIssuerRequest request)
    {
        using var admin = _ca.As("ada", Roles.Admin);
        using var answer = await admin.PostAsJsonAsync(Path, request, ContractsJson.Default.CreateIssuerRequest);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.IssuerView))!;
    }

    private async Task<(HttpStatusCode Status, string? Code)> CreatedAsync(CreateIssuerRequest request)
    {
        using var admin = _ca.As("ada", Roles.Admin);
        return await CodeAsync(await admin.PostAsJsonAsync(Path, request, ContractsJson.Default.CreateIssuerRequest));
    }

    private async Task<(HttpStatusCode Status, string? Code)> CompletedAsync(string name, string chain)
    {
        using var admin = _ca.As("ada", Roles.Admin);
        return await CodeAsync(await admin.PutAsJsonAsync($"{Path}/{name}/chain", new CompleteIssuerRequest { Chain = chain }, ContractsJson.Default.CompleteIssuerRequest));
    }

    private static async Task<(HttpStatusCode Status, string? Code)> CodeAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var body = System.Text.Json.JsonElement.Parse(await answer.Content.ReadAsStringAsync());
            return (answer.StatusCode, body.TryGetProperty("code", out var code) ? code.GetString() : null);
        }
    }

    private async Task<IReadOnlyList<IssuerView>> ListAsync()
    {
        using var viewer = _ca.As("vera", Roles.Viewer);
        return (await viewer.GetFromJsonAsync(Path, ContractsJson.Default.IssuerList))!.Items;
    }

    private static X509Certificate2 SelfSigned(ECDsa key)
    {
        var request = new CertificateRequest("CN=Outside Root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(100));
    }

    private static X509Certificate2 Signed(X509Certificate2 root, ECDsa rootKey, string name, byte[] publicKey)
    {
        var request = new CertificateRequest(new X500DistinguishedName(name), PublicKey.CreateFromSubjectPublicKeyInfo(publicKey, out _), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), now.AddHours(-1), now.AddDays(50), SerialNumber.Create(DateTimeOffset.UnixEpoch));
    }

    /// <summary>As after <c>iot ca remove-root-key</c>.</summary>
    private sealed class RootKeyAway : IDisposable
    {
        private readonly string _path;

        public RootKeyAway(CaHost ca)
        {
            _path = CaFiles.RootKey(ca.Folder);
            File.Move(_path, _path + ".away");
        }

        public void Dispose() => File.Move(_path + ".away", _path);
    }
}
