using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class SubCaTests : IClassFixture<StepCaHost>, IDisposable
{
    private readonly CaHost _provider;
    private readonly TempFolder _temp = new();
    private readonly DataFolder _folder;
    private readonly SubCa _subCa;

    public SubCaTests(StepCaHost fixture)
    {
        _provider = fixture.Ca;
        _folder = DataFolder.Open(_temp.Combine("tenant"));
        _subCa = Open();
    }

    public void Dispose()
    {
        _folder.Dispose();
        _temp.Dispose();
    }

    [SkippableFact]
    public async Task Install_SignedByTheProvider_IsLoadedAsIssuer()
    {
        _subCa.IsInstalled.ShouldBeFalse();

        var issued = await JoinAsync();

        _subCa.IsInstalled.ShouldBeTrue();
        var issuers = Open().Load();
        issuers.Active.Certificate.RawData.ShouldBe(issued.Der.ToArray());
        issuers.Chain.Certificates.Length.ShouldBe(3);
        Fingerprint.Of(issuers.Chain.Root).ShouldBe(_provider.RootFingerprint);
        issuers.AlsoAccepted.ShouldBeEmpty();
        File.Exists(_folder.Combine("certs", "root_ca.crt")).ShouldBeTrue();
    }

    [SkippableFact]
    public void EnsureKey_AgainAfterARestart_IsTheSameKey()
    {
        using var first = _subCa.EnsureKey();
        using var second = Open().EnsureKey();

        second.SubjectPublicKeyInfo.ShouldBe(first.SubjectPublicKeyInfo);
    }

    [SkippableFact]
    public async Task EnsureKey_FolderMadeButKeyNotYetWritten_MakesTheKey()
    {
        Directory.CreateDirectory(_folder.Combine("sub-ca", "0001"));

        await JoinAsync();

        Open().Load().Active.ShouldNotBeNull();
    }

    [SkippableFact]
    public async Task Install_SameCertificateAgain_IsNothing()
    {
        var issued = await JoinAsync();

        Open().Install(issued.Pem, issued.ChainPem, _provider.RootFingerprint);

        Directory.GetDirectories(_folder.Combine("sub-ca")).ShouldHaveSingleItem();
    }

    [SkippableFact]
    public async Task Install_AnotherCertificateForTheActiveKey_TakesItsPlace()
    {
        var first = await JoinAsync();
        using var key = Open().EnsureKey();
        var second = await SignAsync(key);

        Open().Install(second.Pem, second.ChainPem, _provider.RootFingerprint);

        second.SerialNumber.ShouldNotBe(first.SerialNumber);
        Open().Load().Active.Certificate.RawData.ShouldBe(second.Der.ToArray());
        Directory.GetDirectories(_folder.Combine("sub-ca")).ShouldHaveSingleItem();
    }

    [SkippableFact]
    public void Load_NotJoined_SaysSo()
    {
        Should.Throw<StartupException>(() => _subCa.Load()).Message.ShouldContain("join");
    }

    [SkippableFact]
    public async Task Rotate_InstalledBesideTheOld_BothAreAccepted()
    {
        var old = await JoinAsync();
        using var next = _subCa.EnsureNextKey();
        using var again = Open().EnsureNextKey();
        again.SubjectPublicKeyInfo.ShouldBe(next.SubjectPublicKeyInfo);
        _subCa.IsRotating.ShouldBeTrue();
        Open().Load().Active.Certificate.RawData.ShouldBe(old.Der.ToArray());
        using (var active = Open().EnsureKey())
        {
            active.SubjectPublicKeyInfo.ShouldNotBe(next.SubjectPublicKeyInfo);
        }

        var renewed = await SignAsync(next);
        _subCa.Install(renewed.Pem, renewed.ChainPem, _provider.RootFingerprint);

        _subCa.IsRotating.ShouldBeFalse();
        var issuers = Open().Load();
        issuers.Active.Certificate.RawData.ShouldBe(renewed.Der.ToArray());
        issuers.AlsoAccepted.ShouldHaveSingleItem().RawData.ShouldBe(old.Der.ToArray());
    }

    [SkippableFact]
    public async Task Install_CertificateForAnotherKey_IsRefused()
    {
        using var mine = _subCa.EnsureKey();
        using var other = CaKey.Generate(KeyKind.P256);
        var issued = await SignAsync(other);

        Should.Throw<PkiException>(() => _subCa.Install(issued.Pem, issued.ChainPem, _provider.RootFingerprint)).Error.ShouldBe(PkiError.KeyMismatch);
        _subCa.IsInstalled.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Install_RootWithAnotherFingerprint_IsRefused()
    {
        using var key = _subCa.EnsureKey();
        var issued = await SignAsync(key);

        Should.Throw<PkiException>(() => _subCa.Install(issued.Pem, issued.ChainPem, new string('0', 64))).Error.ShouldBe(PkiError.BadSignature);
        _subCa.IsInstalled.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Install_LeafInsteadOfACa_IsRefused()
    {
        using var key = _subCa.EnsureKey();
        using var leaf = await _provider.EnrollAsync("leaf.test");

        Should.Throw<PkiException>(() => _subCa.Install(Pem.Certificate(leaf.RawDataMemory.Span), _provider.Authority.Chain.Pem, _provider.RootFingerprint))
            .Error.ShouldBe(PkiError.NotACertificateAuthority);
    }

    [SkippableFact]
    public async Task UseIssuers_AfterARotation_OldLeavesRenewUnderTheNewIssuer()
    {
        await using var tenant = await SubCaHost.StartAsync(_provider);
        using var leaf = await tenant.EnrollAsync("device.test");
        using var client = tenant.Client(leaf);
        var subCa = new SubCa(tenant.Folder, tenant.Passwords, TimeProvider.System);
        using var next = subCa.EnsureNextKey();
        var renewed = await SignAsync(next);
        subCa.Install(renewed.Pem, renewed.ChainPem, _provider.RootFingerprint);

        tenant.Authority.UseIssuers(subCa.Load());

        var reply = await client.SendAsync("/renew", "");
        ((int)reply.Status).ShouldBe(201, reply.Body);
        ParsedCertificate.Parse(reply.Certificate.RawDataMemory).AuthorityKeyIdentifier!.Value.ToArray()
            .ShouldBe(ParsedCertificate.Parse(renewed.Der).SubjectKeyIdentifier!.Value.ToArray());
        reply.Json.GetProperty("certChain").GetArrayLength().ShouldBe(3);
        tenant.Authority.Chain.Verify(reply.Certificate, CertificatePurpose.ClientAuth, TimeProvider.System.GetUtcNow()).ShouldBeTrue();
    }

    private SubCa Open() => new(_folder, CaPasswords.Resolve(_folder, _ => null), TimeProvider.System);

    private async Task<IssuedCertificate> JoinAsync()
    {
        using var key = _subCa.EnsureKey();
        var issued = await SignAsync(key);
        _subCa.Install(issued.Pem, issued.ChainPem, _provider.RootFingerprint);
        return issued;
    }

    private Task<IssuedCertificate> SignAsync(CaKey key) => SubCaHost.SignAsync(_provider, key.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }));
}
