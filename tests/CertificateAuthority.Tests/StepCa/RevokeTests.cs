using System.Net;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class RevokeTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private const string BadRequest = "The request could not be completed: ";
    private const string NotFound = "The requested resource could not be found. Please see the certificate authority logs for more info.";

    private readonly CaHost _ca = fixture.Ca;

    [SkippableFact]
    public async Task Revoke_ByToken_IsRecordedWithReason()
    {
        using var certificate = await _ca.EnrollAsync("a.test");
        using var client = _ca.Client();

        var reply = await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 1, reason: "stolen");

        reply.Status.ShouldBe(HttpStatusCode.OK, reply.Body);
        reply.Body.ShouldBe("{\"status\":\"ok\"}\n");
        var record = await _ca.Authority.FindAsync(certificate.SerialNumberBytes.ToArray(), CancellationToken.None);
        record!.IsRevoked.ShouldBeTrue();
        record.ReasonCode.ShouldBe(RevocationReason.KeyCompromise);
        record.Reason.ShouldBe("stolen");
    }

    [SkippableFact]
    public async Task Revoke_ByOwnCertificate_Works()
    {
        using var certificate = await _ca.EnrollAsync("a.test");
        using var client = _ca.Client(certificate);

        (await client.RevokeAsync(certificate.Serial())).Status.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>removeFromCRL ends a hold; by a token, and not by the key of the certificate itself.</summary>
    [SkippableFact]
    public async Task Revoke_HoldThenRemoveFromCrl_RenewsAgain()
    {
        using var certificate = await _ca.EnrollAsync("hold.test");
        using var client = _ca.Client();
        using var own = _ca.Client(certificate);
        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 6)).Status.ShouldBe(HttpStatusCode.OK);
        (await own.SendAsync("/1.0/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);

        (await own.RevokeAsync(certificate.Serial(), reasonCode: 8)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
        var token = _ca.RevokeToken(certificate.Serial());
        (await client.RevokeAsync(certificate.Serial(), token, reasonCode: 8, reason: "found")).Status.ShouldBe(HttpStatusCode.OK);

        (await own.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Created);
        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()), reasonCode: 8))
            .ShouldBeRefused(400, BadRequest + $"certificate with serial number '{certificate.Serial()}' is not on hold.");
        (await client.RevokeAsync(certificate.Serial(), token, reasonCode: 6)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableTheory]
    [InlineData("", 400, BadRequest + "error decoding json.")]
    [InlineData("{}", 400, BadRequest + "missing serial.")]
    [InlineData("null", 400, BadRequest + "missing serial.")]
    [InlineData("""{"serial":"1","reasonCode":99,"passive":true}""", 400, BadRequest + "reasonCode out of bounds.")]
    [InlineData("""{"serial":"1","reasonCode":7,"passive":true}""", 400, BadRequest + "reasonCode out of bounds.")]
    [InlineData("""{"serial":"1","reasonCode":-1,"passive":true}""", 400, BadRequest + "reasonCode out of bounds.")]
    [InlineData("""{"serial":"1","reasonCode":99999999999,"passive":true}""", 400, BadRequest + "error decoding json.")]
    [InlineData("""{"serial":"1","passive":false}""", 501, "The requested method is not implemented by the certificate authority. Please see the certificate authority logs for more info.")]
    [InlineData("""{"serial":"1","passive":true}""", 400, BadRequest + "missing ott or client certificate.")]
    [InlineData("""{"serial":"1","passive":true,"ott":"xx"}""", 401, StepCaCalls.Unauthorized)]
    [InlineData("""{"serial":"0xabc","passive":true,"ott":"xx"}""", 401, StepCaCalls.Unauthorized)]
    [InlineData("""{"serial":"-5","passive":true,"ott":"xx"}""", 400, BadRequest + "serial is not a decimal or hex serial number.")]
    [InlineData("""{"serial":"007","passive":true,"ott":"xx"}""", 400, BadRequest + "serial is not a decimal or hex serial number.")]
    [InlineData("""{"serial":"999999999999999999999999999999999999999999999999999999","passive":true,"ott":"xx"}""", 400, BadRequest + "serial is not a decimal or hex serial number.")]
    public async Task Revoke_BadRequest_IsRefused(string body, int status, string message)
    {
        using var client = _ca.Client();

        (await client.SendAsync("/1.0/revoke", body)).ShouldBeRefused(status, message);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Revoke_SerialInHex_IsTheSameCertificate(bool hexToken)
    {
        using var certificate = await _ca.EnrollAsync("hex.test");
        using var client = _ca.Client();
        var hex = "0x" + Convert.ToHexStringLower(certificate.SerialNumberBytes.Span);

        (await client.RevokeAsync(hex, _ca.RevokeToken(hexToken ? hex : certificate.Serial()))).Status.ShouldBe(HttpStatusCode.OK);

        (await _ca.Authority.FindAsync(certificate.SerialNumberBytes.ToArray(), CancellationToken.None))!.IsRevoked.ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData("root")]
    [InlineData("intermediate")]
    public async Task Revoke_CaCertificateByToken_IsRefused(string profile)
    {
        var serial = await _ca.Database.ScalarAsync<byte[]>("SELECT serial FROM ca.certificates WHERE profile = $1", profile);
        var text = Pki.SerialNumber.ToDecimal(serial);
        using var client = _ca.Client();

        var reply = await client.RevokeAsync(text, _ca.RevokeToken(text), reasonCode: 1);

        reply.Status.ShouldBe(HttpStatusCode.Conflict, reply.Body);
        reply.Body.ShouldContain("can't be revoked");
        (await _ca.Authority.FindAsync(serial!, CancellationToken.None))!.IsRevoked.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Revoke_UnknownSerial_Is404AndRevokesNothing()
    {
        using var client = _ca.Client();

        (await client.RevokeAsync("99999", _ca.RevokeToken("99999"))).ShouldBeRefused(404, NotFound);

        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.revocations WHERE serial = '\\x01869f'")).ShouldBe(0);
    }

    [SkippableFact]
    public async Task Revoke_TokenForAnotherSerial_Is401AndNeitherIsRevoked()
    {
        using var mine = await _ca.EnrollAsync("mine.test");
        using var other = await _ca.EnrollAsync("other.test");
        using var client = _ca.Client();

        (await client.RevokeAsync(other.Serial(), _ca.RevokeToken(mine.Serial()))).ShouldBeRefused(401, StepCaCalls.Unauthorized);

        (await _ca.Authority.FindAsync(other.SerialNumberBytes.ToArray(), CancellationToken.None))!.IsRevoked.ShouldBeFalse();
        (await _ca.Authority.FindAsync(mine.SerialNumberBytes.ToArray(), CancellationToken.None))!.IsRevoked.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Revoke_SignToken_Is401()
    {
        using var certificate = await _ca.EnrollAsync("a.test");
        using var client = _ca.Client();

        (await client.RevokeAsync(certificate.Serial(), _ca.Token(certificate.Serial()))).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task Revoke_CertificateOfAnotherSerial_Is400()
    {
        using var mine = await _ca.EnrollAsync("mine.test");
        using var other = await _ca.EnrollAsync("other.test");
        using var client = _ca.Client(mine);

        (await client.RevokeAsync(other.Serial())).ShouldBeRefused(400, BadRequest + "serial number in client certificate different than body.");
    }

    [SkippableFact]
    public async Task Revoke_Again_Is400()
    {
        using var certificate = await _ca.EnrollAsync("a.test");
        using var client = _ca.Client(certificate);
        (await client.RevokeAsync(certificate.Serial())).Status.ShouldBe(HttpStatusCode.OK);

        (await client.RevokeAsync(certificate.Serial())).ShouldBeRefused(400, $"{BadRequest}certificate with serial number '{certificate.Serial()}' is already revoked.");
        (await client.RevokeAsync(certificate.Serial(), _ca.RevokeToken(certificate.Serial()))).ShouldBeRefused(400, $"{BadRequest}certificate with serial number '{certificate.Serial()}' is already revoked.");
    }

    [SkippableFact]
    public async Task Revoke_TokenRefusedForItsRequest_StaysGood()
    {
        using var certificate = await _ca.EnrollAsync("a.test");
        var token = _ca.RevokeToken(certificate.Serial());
        using var client = _ca.Client();

        (await client.RevokeAsync(certificate.Serial(), token, reasonCode: 99)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await client.RevokeAsync(certificate.Serial(), token, passive: false)).Status.ShouldBe(HttpStatusCode.NotImplemented);

        (await client.RevokeAsync(certificate.Serial(), token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task Revoke_TenAtOnce_IsOneRevocation()
    {
        using var certificate = await _ca.EnrollAsync("a.test");
        using var client = _ca.Client();
        var tokens = Enumerable.Range(0, 10).Select(_ => _ca.RevokeToken(certificate.Serial())).ToArray();

        var replies = await Task.WhenAll(tokens.Select(t => client.RevokeAsync(certificate.Serial(), t)));

        replies.Count(r => r.Status == HttpStatusCode.OK).ShouldBe(1);
        replies.Count(r => r.Status == HttpStatusCode.BadRequest).ShouldBe(9);
    }

    [SkippableTheory]
    [InlineData("a\u0000b")]
    [InlineData("a\nb")]
    public async Task Revoke_ReasonWithControlCharacters_Is400(string reason)
    {
        using var certificate = await _ca.EnrollAsync("a.test");
        using var client = _ca.Client(certificate);

        (await client.RevokeAsync(certificate.Serial(), reason: reason)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await client.RevokeAsync(certificate.Serial(), reason: new string('x', 501))).Status.ShouldBe(HttpStatusCode.BadRequest);
    }
}
