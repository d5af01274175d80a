using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.CertificateAuthority.Tests.Issuers;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>The key of an issuer is in other hands: it ends at once, wholly, for ever, and says no more than it does.</summary>
public sealed class IssuerEmergencyTests(StepCaHost host) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = host.Ca;

    private Emergencies Acts => new(_ca.Authority, [new IssuerEmergency(_ca.Module, _ca.Module.Provisioners)], TimeProvider.System);

    private IssuerAdministration Administration => new(_ca.Module, _ca.Module.Provisioners);

    /// <summary>It has its signer, as one in another process has until that hears of the act.</summary>
    [SkippableFact]
    public async Task Order_UnderWay_IsRefused_AndLeavesNoGoodCertificate()
    {
        await CreateAsync("underway");
        var signer = _ca.Authority.Active.SignerOf("underway", TimeProvider.System.GetUtcNow());
        await IssueAsync(signer, "before.underway.test");

        await RunAsync("underway");

        var refused = await Should.ThrowAsync<ProblemException>(IssueAsync(signer, "after.underway.test"));
        (refused.Status, refused.Code).ShouldBe((503, "issuer_unavailable"));
        var census = await Acts.PreviewAsync("issuer", "underway", default);
        (census.Certificates, census.Revoked).ShouldBe((0, 1));
    }

    [SkippableFact]
    public async Task Orders_AtTheSameTime_LeaveNoGoodCertificate()
    {
        await CreateAsync("race");
        var signer = _ca.Authority.Active.SignerOf("race", TimeProvider.System.GetUtcNow());
        await IssueAsync(signer, "first.race.test");

        var issuing = Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await IssueAsync(signer, $"n{i}.race.test");
            }
            catch (ProblemException e) when (e.Code == "issuer_unavailable")
            {
            }
        });
        await Task.WhenAll([.. issuing, RunAsync("race")]);

        (await Acts.PreviewAsync("issuer", "race", default)).Certificates.ShouldBe(0);
    }

    /// <summary>Its own certificate is the last that is revoked.</summary>
    [SkippableFact]
    public async Task Act_CutOffBeforeItsEnd_HasDoneNothing_AndIsDoneAgain()
    {
        await CreateAsync("cutoff");
        var leaf = await IssueAsync(_ca.Authority.Active.SignerOf("cutoff", TimeProvider.System.GetUtcNow()), "leaf.cutoff.test");
        await _ca.Database.ExecuteAsSuperuserAsync("ALTER FUNCTION ca.revoke RENAME TO away");
        try
        {
            await Should.ThrowAsync<PostgresException>(RunAsync("cutoff"));
        }
        finally
        {
            await _ca.Database.ExecuteAsSuperuserAsync("ALTER FUNCTION ca.away RENAME TO revoke");
        }

        (await StateAsync("cutoff")).ShouldBe("issuing");
        (await _ca.Authority.FindAsync(leaf.SerialNumber, default))!.IsRevoked.ShouldBeFalse();
        (await RunAsync("cutoff")).Revoked.ShouldBe(1);
        (await StateAsync("cutoff")).ShouldBe("retired");
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'issuer.compromised' AND subject = 'cutoff'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Issuer_ThatWasEnded_IsBroughtBackByNoState_AndNotByItsRemoval()
    {
        await CreateAsync("ended");
        // Retired before, it could have come back.
        await _ca.SetStateAsync("ended", IssuerState.Retired);
        await RunAsync("ended");

        foreach (var state in new[] { IssuerState.Issuing, IssuerState.Renewing })
        {
            (await Should.ThrowAsync<ProblemException>(Administration.SetStateAsync("ended", state, "ada", default))).Code.ShouldBe("issuer_compromised");
        }

        (await Administration.SetStateAsync("ended", IssuerState.Retired, "ada", default)).CompromisedAt.ShouldNotBeNull();
        (await Should.ThrowAsync<ProblemException>(Administration.RemoveAsync("ended", "ada", default))).Code.ShouldBe("issuer_in_use");
        (await Should.ThrowAsync<PostgresException>(_ca.Database.ExecuteAsync("UPDATE ca.issuers SET state = 'issuing' WHERE name = 'ended'"))).SqlState.ShouldBe(PostgresErrorCodes.CheckViolation);
    }

    [SkippableFact]
    public async Task Issuer_ThatWasEnded_IsBroughtBackByNoImport()
    {
        using var other = new OtherAuthority("Leaked");
        using var leaf = other.Leaf("leaf.leaked.test");
        var issuer = await _ca.ImportAsync(other);
        await RunAsync(issuer);
        using var admin = _ca.As("ada", Roles.Admin);

        var again = new ImportIssuerRequest { Chain = other.Import().Chain, Key = other.Import().Key, Names = [], Issue = true };
        var leaves = new ImportCertificatesRequest { Issuer = other.Id, Items = [OtherAuthority.Item(leaf)] };
        (await PostAsync(() => admin.PostAsJsonAsync("/portal/imports/issuers", again, ContractsJson.Default.ImportIssuerRequest))).ShouldBe((HttpStatusCode.Conflict, true));
        (await PostAsync(() => admin.PostAsJsonAsync("/portal/imports/certificates", leaves, ContractsJson.Default.ImportCertificatesRequest))).ShouldBe((HttpStatusCode.Conflict, true));
        (await _ca.ImportAsync(other, issue: false)).ShouldBe(issuer);
        (await StateAsync(issuer)).ShouldBe("retired");

        static async Task<(HttpStatusCode Status, bool IsCompromised)> PostAsync(Func<Task<HttpResponseMessage>> post)
        {
            using var answer = await post();
            return (answer.StatusCode, (await answer.Content.ReadAsStringAsync()).Contains("issuer_compromised", StringComparison.Ordinal));
        }
    }

    /// <summary>By the same root, with its key, on another machine.</summary>
    [SkippableFact]
    public async Task OwnCertificate_SignedElsewhere_IsSaidToBeForOthersToRevoke()
    {
        var path = CaFiles.RootKey(_ca.Folder);
        using var root = new CaSigner(X509CertificateLoader.LoadCertificate(_ca.Root.RawDataMemory.Span), new CaKeyFile(path).Load(_ca.Passwords.Authority.Value));
        IssuerView waiting;
        File.Move(path, path + ".away");
        try
        {
            waiting = await CreateAsync("offline");
        }
        finally
        {
            File.Move(path + ".away", path);
        }

        var request = CertificateSigningRequest.ParsePem(waiting.Request.ShouldNotBeNull());
        var now = TimeProvider.System.GetUtcNow();
        var signed = root.Issue(root.Prepare(new CertificateTemplate
        {
            Profile = Profiles.Issuer,
            SubjectPublicKeyInfo = request.SubjectPublicKeyInfo,
            Key = request.Key,
            Names = new SubjectNames { CommonName = "offline" },
            NotBefore = now.AddMinutes(-5),
            NotAfter = now.AddDays(10),
        }));
        using var certificate = X509CertificateLoader.LoadCertificate(signed.Der.Span);
        var completed = await Administration.CompleteAsync("offline", new CompleteIssuerRequest { Chain = Pem.Certificates([certificate, _ca.Root]) }, "ada", default);
        completed.RootFingerprint.ShouldBe(_ca.RootFingerprint);
        await CreateAsync("online");

        (await Acts.PreviewAsync("issuer", "offline", default)).Consequences.ShouldContain(line => line.Contains("for the authority to revoke", StringComparison.Ordinal));
        (await Acts.PreviewAsync("issuer", "online", default)).Consequences.ShouldContain(line => line.Contains("Its own certificate is revoked as well", StringComparison.Ordinal));
        await RunAsync("offline");
        await RunAsync("online");

        (await StateAsync("offline")).ShouldBe("retired");
        (await _ca.Database.ScalarAsync<string>("SELECT string_agg(c.subject, ' ') FROM ca.revocations r JOIN ca.certificates c USING (serial) WHERE c.profile = 'issuer' AND c.subject IN ('offline', 'online')")).ShouldBe("online");
    }

    [SkippableFact]
    public async Task Responder_IsNotAmongTheCertificates_AndStays()
    {
        await CreateAsync("answering");
        var signer = _ca.Authority.Active.SignerOf("answering", TimeProvider.System.GetUtcNow());
        await IssueAsync(signer, "leaf.answering.test");
        var shown = await Acts.PreviewAsync("issuer", "answering", default);
        var responder = await ResponderAsync(signer);

        var done = await Acts.RunAsync(new EmergencyOrder { Kind = "issuer", Target = "answering", Expected = shown.Certificates, By = "ada" }, default);

        (shown.Certificates, done.Certificates, done.Revoked).ShouldBe((1, 0, 1));
        (await _ca.Authority.FindAsync(responder.SerialNumber, default))!.IsRevoked.ShouldBeFalse();
        await ResponderAsync(signer);
        (await Acts.PreviewAsync("issuer", "answering", default)).Certificates.ShouldBe(0);
    }

    private Task<EmergencyView> RunAsync(string issuer) => Acts.RunAsync(new EmergencyOrder { Kind = "issuer", Target = issuer, By = "ada" }, default);

    private Task<IssuerView> CreateAsync(string name) => Administration.CreateAsync(new CreateIssuerRequest { Name = name }, "ada", default);

    private Task<string?> StateAsync(string name) => _ca.Database.ScalarAsync<string>("SELECT state FROM ca.issuers WHERE name = $1", name);

    private Task<IssuedCertificate> IssueAsync(CaSigner signer, string name) =>
        CertifyAsync(signer, (request, by) => _ca.Authority.IssueByAsync(request with { Names = new SubjectNames { CommonName = name, Dns = [name] } }, by, default));

    private Task<IssuedCertificate> ResponderAsync(CaSigner signer) => CertifyAsync(signer, (request, by) => _ca.Authority.IssueOcspResponderAsync(request, by, default));

    private static async Task<IssuedCertificate> CertifyAsync(CaSigner signer, Func<IssueRequest, CaSigner, Task<IssuedCertificate>> issue)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return await issue(
            new IssueRequest { Profile = Profiles.Leaf, Csr = CertificateSigningRequest.Of(key), Names = new SubjectNames { CommonName = "OCSP responder" }, Provisioner = "test", Requester = "test" }, signer);
    }
}
