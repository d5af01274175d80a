using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Issuing;

/// <summary>The root's list: a complete CRL (RFC 5280 5) that no other key makes.</summary>
public sealed class RevokedIntermediatesTests : IDisposable
{
    private readonly Hierarchy _pki = new();
    private readonly TempFolder _folder = new();

    private string Path => _folder.Combine("root_ca.crl");

    [Theory]
    [InlineData(RevocationReason.Unspecified)]
    [InlineData(RevocationReason.CaCompromise)]
    public void Signed_IsReadBack(RevocationReason reason)
    {
        var list = RevokedIntermediates.Parse(Sign(7, reason, _pki.Intermediate), _pki.Root.Certificate);

        (list.Number, list.ThisUpdate, list.NextUpdate).ShouldBe((7, _pki.Now, _pki.Now.AddDays(365)));
        list.Contains(_pki.Intermediate.Certificate).ShouldBeTrue();
        list.Contains(_pki.Root.Certificate).ShouldBeFalse();
        RevokedIntermediates.Parse(Sign(7, reason), _pki.Root.Certificate).Contains(_pki.Intermediate.Certificate).ShouldBeFalse();
    }

    [Fact]
    public void Contains_CertificateOfAnotherIssuerWithThatSerial_IsNot()
    {
        var list = RevokedIntermediates.Parse(Sign(1, RevocationReason.CaCompromise, _pki.Acme), _pki.Root.Certificate);

        list.Contains(_pki.Acme.Certificate).ShouldBeFalse("the Intermediate CA counts its own serial numbers");
    }

    [Fact]
    public void Parse_ListOfAnotherKey_IsRefused()
    {
        using var other = new Hierarchy();

        Refused(_pki.Intermediate.SignRevocationList(Order(9)), _pki.Root, "the Intermediate CA's");
        Refused(Sign(9, RevocationReason.CaCompromise), other.Root, "another root's of the same name");
    }

    /// <summary>RFC 5280 5.2.5: a list for some certificates says nothing of the others.</summary>
    [Fact]
    public void Parse_ListOfSomeCertificates_IsRefused()
    {
        Refused(_pki.Root.SignRevokedSubCas(Order(1)).Der.ToArray(), _pki.Root, "CA certificates only");
        Refused(_pki.Root.SignRevocationList(Order(1) with { DistributionPoint = new Uri("http://provider.example/crl/00/00.crl") }), _pki.Root, "a shard");
    }

    [Fact]
    public void Parse_AnyBitOfIt_ChangedOrCutOff_IsRefused()
    {
        var der = Sign(1, RevocationReason.CaCompromise, _pki.Intermediate);
        for (var i = 0; i < der.Length; i++)
        {
            var changed = (byte[])der.Clone();
            changed[i] ^= 0x04;
            Refused(changed, _pki.Root, $"byte {i}");
            Refused(der[..i], _pki.Root, $"{i} bytes");
        }
    }

    [Fact]
    public void Parse_TooLarge_IsRefused() =>
        Should.Throw<PkiException>(() => RevokedIntermediates.Parse(new byte[CaRevocationList.MaxBytes + 1], _pki.Root.Certificate)).Error.ShouldBe(PkiError.TooLarge);

    [Fact]
    public void File_OlderOrEqualList_IsNotKept()
    {
        var file = new RevokedIntermediatesFile(Path);
        file.TryLoad(_pki.Root.Certificate).ShouldBeNull();
        file.Keep(Parse(Sign(2, RevocationReason.CaCompromise, _pki.Intermediate)), _pki.Root.Certificate).ShouldBeTrue();

        file.Keep(Parse(Sign(2, RevocationReason.CaCompromise)), _pki.Root.Certificate).ShouldBeFalse();
        file.Keep(Parse(Sign(1, RevocationReason.CaCompromise)), _pki.Root.Certificate).ShouldBeFalse();

        new RevokedIntermediatesFile(Path).TryLoad(_pki.Root.Certificate)!.Contains(_pki.Intermediate.Certificate).ShouldBeTrue();
    }

    /// <summary>Of a platform that was restored from before the Intermediate CA was replaced.</summary>
    [Fact]
    public void File_NewerListThatKnowsLess_IsNotKept()
    {
        var file = new RevokedIntermediatesFile(Path);
        file.Keep(Parse(Sign(2, RevocationReason.CaCompromise, _pki.Intermediate)), _pki.Root.Certificate).ShouldBeTrue();

        file.Keep(Parse(Sign(3, RevocationReason.CaCompromise, _pki.Acme)), _pki.Root.Certificate).ShouldBeFalse();
        file.Keep(Parse(Sign(4, RevocationReason.CaCompromise, _pki.Acme, _pki.Intermediate)), _pki.Root.Certificate).ShouldBeTrue();
    }

    [Fact]
    public void File_DamagedOrOfAnotherRoot_IsNone_AndReplaced()
    {
        using var other = new Hierarchy();
        var file = new RevokedIntermediatesFile(Path);
        file.Keep(RevokedIntermediates.Parse(other.Root.SignRevocationList(Order(99)), other.Root.Certificate), other.Root.Certificate);

        file.TryLoad(_pki.Root.Certificate).ShouldBeNull();
        file.Keep(Parse(Sign(1, RevocationReason.CaCompromise)), _pki.Root.Certificate).ShouldBeTrue();
        File.WriteAllBytes(Path, File.ReadAllBytes(Path)[..^1]);
        file.TryLoad(_pki.Root.Certificate).ShouldBeNull();
    }

    /// <summary>A tenant that is suspended stays below a replaced Intermediate CA, and its operators have to reach it.</summary>
    [Fact]
    public void File_NamesWhatTheStackStandsOn_DoesNotCountForItsOwnServers()
    {
        var file = new RevokedIntermediatesFile(Path);
        file.Keep(Parse(Sign(2, RevocationReason.CaCompromise, _pki.Intermediate)), _pki.Root.Certificate).ShouldBeTrue();

        file.TryLoad(_pki.Root.Certificate, [_pki.Acme.Certificate, _pki.Intermediate.Certificate]).ShouldBeNull();
        file.TryLoad(_pki.Root.Certificate, [_pki.Acme.Certificate]).ShouldNotBeNull();
    }

    public void Dispose()
    {
        _pki.Dispose();
        _folder.Dispose();
    }

    private static void Refused(byte[] der, CaSigner root, string what) => Should.Throw<PkiException>(() => RevokedIntermediates.Parse(der, root.Certificate), what);

    private RevokedIntermediates Parse(byte[] der) => RevokedIntermediates.Parse(der, _pki.Root.Certificate);

    private byte[] Sign(long number, RevocationReason reason, params CaSigner[] revoked) => _pki.Root.SignRevocationList(Order(number) with
    {
        Revoked = [.. revoked.Select(ca => new RevokedSerial(ParsedCertificate.Parse(ca.Certificate.RawData).SerialNumber, _pki.Now, reason))],
    });

    private RevocationListOrder Order(long number) => new() { Number = number, ThisUpdate = _pki.Now, NextUpdate = _pki.Now.AddDays(365), Revoked = [] };
}
