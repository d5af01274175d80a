using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Rotation;

public sealed class SubCaRotationTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Rotate_ProofOfTheOldKey_NewSubCaIsSignedAndBothAreValid()
    {
        using var old = new TestTenant();
        using var next = new TestTenant();
        await _provider.ActivateAsync("rotated", old);

        var rotated = (await RotateAsync("rotated", old, next)).Read(ContractsJson.Default.RotatedSubCa);

        using var certificate = X509Certificate2.CreateFromPem(rotated.SignedCert);
        certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(next.SubCa.SubjectPublicKeyInfo);
        NameConstraints.FromCertificate(certificate)!.PermittedUriDomains.ShouldBe(["rotated.iot.example"]);
        (await _provider.ShowAsync("rotated")).SubCaSerials.Count.ShouldBe(2);
    }

    [SkippableFact]
    public async Task Rotate_AnswerLostAndAskedAgain_SameCertificate()
    {
        using var old = new TestTenant();
        using var next = new TestTenant();
        await _provider.ActivateAsync("lost-answer", old);
        var first = (await RotateAsync("lost-answer", old, next)).Read(ContractsJson.Default.RotatedSubCa);

        var second = (await RotateAsync("lost-answer", old, next)).Read(ContractsJson.Default.RotatedSubCa);

        second.SignedCert.ShouldBe(first.SignedCert);
        (await _provider.CertificatesAsync("lost-answer", "tenant-sub-ca", valid: false)).ShouldBe(2);
    }

    [SkippableFact]
    public async Task Retire_ProofOfTheNewKey_RevokesTheOldOne()
    {
        using var old = new TestTenant();
        using var next = new TestTenant();
        using var third = new TestTenant();
        await _provider.ActivateAsync("retired", old);
        await RotateAsync("retired", old, next);

        (await RetireAsync("retired", next)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.ShowAsync("retired")).SubCaSerials.Count.ShouldBe(1);
        (await RotateAsync("retired", old, third)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        (await RotateAsync("retired", next, third)).Status.ShouldBe(HttpStatusCode.OK);
        (await RetireAsync("retired", old)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
    }

    [SkippableFact]
    public async Task Rotate_ToAKeyThatWasRetired_IsRefused()
    {
        using var old = new TestTenant();
        using var next = new TestTenant();
        await _provider.ActivateAsync("back-again", old);
        await RotateAsync("back-again", old, next);
        (await RetireAsync("back-again", old)).Status.ShouldBe(HttpStatusCode.NoContent);

        (await RotateAsync("back-again", old, next)).ShouldBe(HttpStatusCode.Conflict, "sub_ca_key_retired");
    }

    [SkippableFact]
    public async Task Rotate_FourAreValidAlready_WaitsForOneToGo()
    {
        var stacks = Enumerable.Range(0, 5).Select(_ => new TestTenant()).ToList();
        await _provider.ActivateAsync("crowded", stacks[0]);
        for (var i = 0; i < 3; i++)
        {
            (await RotateAsync("crowded", stacks[i], stacks[i + 1])).Status.ShouldBe(HttpStatusCode.OK);
        }

        (await RotateAsync("crowded", stacks[3], stacks[4])).ShouldBe(HttpStatusCode.Conflict, "too_many_sub_cas");

        (await RetireAsync("crowded", stacks[3])).Status.ShouldBe(HttpStatusCode.NoContent);
        (await RotateAsync("crowded", stacks[3], stacks[4])).Status.ShouldBe(HttpStatusCode.OK);
        stacks.ForEach(stack => stack.Dispose());
    }

    [SkippableFact]
    public async Task Rotate_ProofNamesAnotherNewKey_IsRefused()
    {
        using var old = new TestTenant();
        using var next = new TestTenant();
        using var swapped = new TestTenant();
        await _provider.ActivateAsync("swapped", old);
        var path = Path("swapped", "rotate");
        var proof = old.Proof("swapped", _provider.At(path), _provider.Time, next.SubCa.SubjectPublicKeyInfo);

        (await PostAsync(path, proof, swapped.SubCa)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        (await PostAsync(path, old.Proof("swapped", _provider.At(path), _provider.Time), swapped.SubCa)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
    }

    /// <summary>RFC 7519 4.1.7: a proof that was seen, in whichever process, is worthless; the holder of the key makes another.</summary>
    [SkippableFact]
    public async Task Rotate_ProofShownTwice_IsRefused_AlsoAfterARestart()
    {
        using var old = new TestTenant();
        using var next = new TestTenant();
        await _provider.ActivateAsync("shown-twice", old);
        var path = Path("shown-twice", "rotate");
        var proof = old.Proof("shown-twice", _provider.At(path), _provider.Time, next.SubCa.SubjectPublicKeyInfo);
        (await PostAsync(path, proof, next.SubCa)).Status.ShouldBe(HttpStatusCode.OK);

        (await PostAsync(path, proof, next.SubCa)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        await _provider.StopAsync();
        await _provider.StartAgainAsync();
        (await PostAsync(path, proof, next.SubCa)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        (await RotateAsync("shown-twice", old, next)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Rotate_OneProofFromManyCallersAtOnce_CountsOnce()
    {
        using var old = new TestTenant();
        using var next = new TestTenant();
        await _provider.ActivateAsync("raced", old);
        var path = Path("raced", "rotate");
        var proof = old.Proof("raced", _provider.At(path), _provider.Time, next.SubCa.SubjectPublicKeyInfo);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostAsync(path, proof, next.SubCa)));

        answers.Count(answer => answer.Status == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(answer => answer.Status == HttpStatusCode.Unauthorized).ShouldBe(7);
    }

    [SkippableFact]
    public async Task Rotate_ProofOfTheNewKeyOnlyOrOfAnotherTenant_IsRefused()
    {
        using var victim = new TestTenant();
        using var attacker = new TestTenant();
        await _provider.ActivateAsync("victim", victim);
        await _provider.ActivateAsync("attacker", attacker);

        (await RotateAsync("victim", attacker, attacker)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");

        (await _provider.ShowAsync("victim")).SubCaSerials.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task Rotate_ToTheBridgesKey_IsRefused()
    {
        using var tenant = new TestTenant();
        await _provider.ActivateAsync("mixed", tenant);
        var path = Path("mixed", "rotate");
        var csr = CertificateSigningRequest.CreatePem(tenant.Bridge, new SubjectNames());
        var proof = tenant.Proof("mixed", _provider.At(path), _provider.Time, tenant.Bridge.ExportSubjectPublicKeyInfo());

        (await _provider.Anonymous().PostAsync(path, new RotateSubCaRequest { SubCaCsr = csr, Proof = proof }, ContractsJson.Default.RotateSubCaRequest))
            .ShouldBe(HttpStatusCode.BadRequest, "csr_key_reused");
    }

    [SkippableFact]
    public async Task Rotate_NotConfirmedYet_IsAConflict()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        await _provider.JoinAsync((await _provider.PrepareAsync("hasty")).JoinKey, tenant);

        (await RotateAsync("hasty", tenant, next)).ShouldBe(HttpStatusCode.Conflict, "tenant_not_active");
    }

    [SkippableFact]
    public async Task Rotate_AdminRevokedTheSubCa_ItsKeyAuthorizesNothing()
    {
        using var tenant = new TestTenant();
        using var next = new TestTenant();
        await _provider.ActivateAsync("compromised", tenant);
        var serial = (await _provider.ShowAsync("compromised")).SubCaSerials.Single();
        (await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{serial}/revoke", """{"reason_code":1,"tenant_id":"compromised"}""")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await RotateAsync("compromised", tenant, next)).ShouldBe(HttpStatusCode.Forbidden, "sub_ca_revoked");
    }

    private Task<Answer> RotateAsync(string tenantId, TestTenant current, TestTenant next)
    {
        var path = Path(tenantId, "rotate");
        return PostAsync(path, current.Proof(tenantId, _provider.At(path), _provider.Time, next.SubCa.SubjectPublicKeyInfo), next.SubCa);
    }

    private Task<Answer> RetireAsync(string tenantId, TestTenant keeper)
    {
        var path = Path(tenantId, "retire");
        return _provider.Anonymous().PostAsync(path, new JoinConfirmation { Proof = keeper.Proof(tenantId, _provider.At(path), _provider.Time) }, ContractsJson.Default.JoinConfirmation);
    }

    private Task<Answer> PostAsync(string path, string proof, CaKey newKey) => _provider.Anonymous().PostAsync(
        path, new RotateSubCaRequest { SubCaCsr = newKey.CreateCsrPem(new SubjectNames()), Proof = proof }, ContractsJson.Default.RotateSubCaRequest);

    private static string Path(string tenantId, string act) => $"portal/admin/tenants/{tenantId}/sub-ca/{act}";
}
