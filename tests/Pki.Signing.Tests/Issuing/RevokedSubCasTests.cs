using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Issuing;

/// <summary>The list of revoked Sub-CAs: a CRL for CA certificates only (RFC 5280 5).</summary>
public sealed class RevokedSubCasTests : IDisposable
{
    private readonly Hierarchy _pki = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300)]
    public void Signed_IsReadBack(int entries)
    {
        var serials = Enumerable.Range(0, entries).Select(_ => SerialNumber.Create(DateTimeOffset.UnixEpoch)).ToList();

        var list = Sign(7, serials);

        (list.Number, list.ThisUpdate, list.NextUpdate).ShouldBe((7, _pki.Now, _pki.Now.AddDays(14)));
        list.HasExactly(serials.Select(s => new ReadOnlyMemory<byte>(s))).ShouldBeTrue();
        list.HasExactly([.. serials, SerialNumber.Create(DateTimeOffset.UnixEpoch)]).ShouldBeFalse();
        RevokedSubCas.Parse(list.Der).Der.Span.SequenceEqual(list.Der.Span).ShouldBeTrue();
    }

    [Fact]
    public void IsSignedBy_OnlyTheCaThatSignedIt()
    {
        using var other = new Hierarchy();
        var list = Sign(1, []);

        list.IsSignedBy(Of(_pki.Intermediate)).ShouldBeTrue();
        list.IsSignedBy(Of(_pki.Root)).ShouldBeFalse();
        list.IsSignedBy(Of(_pki.Acme)).ShouldBeFalse();
        list.IsSignedBy(Of(other.Intermediate)).ShouldBeFalse("the name is the same, the key is not");
    }

    [Fact]
    public void Contains_CertificateOfAnotherIssuerWithThatSerial_IsNot()
    {
        var acme = ParsedCertificate.Parse(_pki.Acme.Certificate.RawData);
        var list = Sign(1, [acme.SerialNumber.ToArray()]);

        list.Contains(acme).ShouldBeTrue();
        list.Contains(Of(_pki.Intermediate)).ShouldBeFalse();
    }

    [Fact]
    public void Parse_AnyBitOfIt_ChangedOrCutOff_IsRefusedOrNoLongerSigned()
    {
        var der = Sign(1, [SerialNumber.Create(DateTimeOffset.UnixEpoch)]).Der.ToArray();
        var intermediate = Of(_pki.Intermediate);
        for (var i = 0; i < der.Length; i++)
        {
            var changed = (byte[])der.Clone();
            changed[i] ^= 0x04;
            Accepts(changed, intermediate).ShouldBeFalse($"byte {i}");
            Accepts(der[..i], intermediate).ShouldBeFalse($"{i} bytes");
        }
    }

    /// <summary>The other list of the same writer: for brokers, of every certificate.</summary>
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task SignRevocationList_OpenSslReadsAndVerifiesIt(int entries)
    {
        var serials = Enumerable.Range(0, entries).Select(_ => SerialNumber.Create(DateTimeOffset.UnixEpoch)).ToList();
        var der = _pki.Intermediate.SignRevocationList(new RevocationListOrder
        {
            Revoked = [.. serials.Select(serial => new RevokedSerial(serial, _pki.Now))],
            Number = 77,
            ThisUpdate = _pki.Now,
            NextUpdate = _pki.Now.AddDays(1),
        });
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.Combine("ca.pem"), Pki.Files.Pem.Certificates([_pki.Intermediate.Certificate]));
        await File.WriteAllBytesAsync(folder.Combine("list.crl"), der);

        var read = await Tools.RunAsync(Requires.Tool("openssl"), ["crl", "-inform", "DER", "-in", folder.Combine("list.crl"), "-CAfile", folder.Combine("ca.pem"), "-noout", "-text"]);

        var text = read.EnsureSuccess().Output + read.Error;
        text.ShouldContain("verify OK");
        text.ShouldContain("X509v3 CRL Number");
        text.ShouldContain("X509v3 Authority Key Identifier");
        text.ShouldNotContain("Issuing Distribution Point");
        serials.ShouldAllBe(serial => text.Contains(Convert.ToHexString(serial).TrimStart('0')));
        Should.Throw<PkiException>(() => RevokedSubCas.Parse(der));
    }

    public void Dispose() => _pki.Dispose();

    private static bool Accepts(byte[] der, ParsedCertificate intermediate)
    {
        try
        {
            return RevokedSubCas.Parse(der).IsSignedBy(intermediate);
        }
        catch (PkiException)
        {
            return false;
        }
    }

    private static ParsedCertificate Of(CaSigner ca) => ParsedCertificate.Parse(ca.Certificate.RawData);

    private RevokedSubCas Sign(long number, IEnumerable<byte[]> serials) => _pki.Intermediate.SignRevokedSubCas(new RevocationListOrder
    {
        Number = number,
        ThisUpdate = _pki.Now,
        NextUpdate = _pki.Now.AddDays(14),
        Revoked = [.. serials.Select(serial => new RevokedSerial(serial, _pki.Now))],
    });
}
