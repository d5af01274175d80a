using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.CertificateAuthority.Tests.Issuers;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Identity;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

[Collection(nameof(SharedValidationHost))]
public sealed class OcspTests(ValidationHost host)
{
    private static readonly HttpClient Plain = new();

    [SkippableTheory]
    [InlineData("-sha1")]
    [InlineData("-sha256")]
    [InlineData("-sha512")]
    public async Task Ask_ByOpenSsl_GoodThenRevoked(string hash)
    {
        using var certificate = await host.Ca.EnrollAsync("ocsp.test");
        var file = host.Pem(certificate);

        var good = await AskAsync(file, hash);
        good.ShouldContain("Response verify OK");
        good.ShouldContain($"{file}: good");
        good.ShouldNotContain("WARNING: no nonce");

        await ValidationHost.RevokeAsync(host.Ca, certificate.SerialNumberBytes.ToArray());

        var revoked = await AskAsync(file, hash);
        revoked.ShouldContain("Response verify OK");
        revoked.ShouldContain($"{file}: revoked");
        revoked.ShouldContain("Reason: keyCompromise");
    }

    [SkippableFact]
    public async Task Ask_AtATenant_ItsSubCaAnswersThroughItsResponder()
    {
        using var device = await host.Tenant.EnrollAsync("device.test");
        var file = host.Pem(device);

        var answer = await host.AskOcspAsync(host.Tenant, file);

        answer.ShouldContain("Response verify OK");
        answer.ShouldContain($"{file}: good");
        answer.ShouldContain("OCSP No Check");
        answer.ShouldContain("OCSP Signing");
    }

    [SkippableFact]
    public async Task Ask_SubCa_IsAnsweredByTheProvider()
    {
        var subCa = host.Tenant.Authority.Issuers.Active.Certificate;
        var file = host.Pem(subCa);

        (await host.AskOcspAsync(host.Ca, file)).ShouldContain($"{file}: good");
    }

    [SkippableFact]
    public async Task Issuer_MadeHere_NamesNoAddress_AndItsLeavesDo()
    {
        using var tokens = new TokenMaker("silent-tokens");
        using var admin = host.Ca.As("ada", Roles.Admin);
        using var answer = await admin.PostAsJsonAsync("/portal/issuers", new CreateIssuerRequest { Name = "silent" }, ContractsJson.Default.CreateIssuerRequest);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
        await tokens.UseAsync(host.Ca, "silent");
        using var leaf = await tokens.EnrollAsync(host.Ca, "leaf.silent.test");
        var issuer = host.Ca.Authority.Active.Own.Single(one => one.Name == "silent").Issuer.Certificate;

        // None of this host answers for what the root signed.
        foreach (var (certificate, hasAddresses) in new[] { (issuer, false), (leaf, true) })
        {
            (certificate.Extensions["2.5.29.31"] is not null, certificate.Extensions["1.3.6.1.5.5.7.1.1"] is not null).ShouldBe((hasAddresses, hasAddresses));
        }
    }

    [SkippableFact]
    public async Task Ask_LeafOfAnIssuerBesideTheStacksOwn_IsAnsweredInItsNameAlone()
    {
        using var other = new OtherAuthority("Ocsp");
        using var tokens = new TokenMaker("ocsp-tokens");
        await tokens.UseAsync(host.Ca, await host.Ca.ImportAsync(other));
        using var leaf = await tokens.EnrollAsync(host.Ca, "leaf.ocsp.test");
        var (file, trust) = (host.Pem(leaf), host.Pem(other.Root));

        (await AskOfAsync(other.Issuer)).ShouldContain($"{file}: good");
        await ValidationHost.RevokeAsync(host.Ca, leaf.SerialNumberBytes.ToArray());
        (await AskOfAsync(other.Issuer)).ShouldContain($"{file}: revoked");
        (await host.AskOcspAsync(host.Ca, file)).ShouldNotContain($"{file}: revoked", customMessage: "of the stack's own issuer there is no such number");

        async Task<string> AskOfAsync(System.Security.Cryptography.X509Certificates.X509Certificate2 issuer)
        {
            var answer = await Tools.RunAsync(
                Requires.Tool("openssl"), ["ocsp", "-issuer", host.Pem(issuer), "-cert", file, "-CAfile", trust, "-verify_other", host.Pem(issuer), "-url", host.Ca.Module.Options.Validation!.Ocsp.AbsoluteUri]);
            (answer.Output + answer.Error).ShouldContain("Response verify OK");
            return answer.Output + answer.Error;
        }
    }

    [SkippableFact]
    public async Task Ask_NeverIssued_IsUnknownAndNotGood()
    {
        var answer = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["ocsp", "-issuer", host.IssuerPem(host.Ca), "-serial", "0x7f00112233445566", "-CAfile", host.Trust(host.Ca), "-url", host.Ca.Module.Options.Validation!.Ocsp.AbsoluteUri]);

        (answer.Output + answer.Error).ShouldContain("0x7f00112233445566: unknown");
    }

    [SkippableFact]
    public async Task Ask_AnotherIssuersCertificate_IsUnauthorized()
    {
        using var device = await host.Tenant.EnrollAsync("foreign.test");
        var answer = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["ocsp", "-issuer", host.IssuerPem(host.Tenant), "-cert", host.Pem(device), "-CAfile", host.Trust(host.Tenant), "-url", host.Ca.Module.Options.Validation!.Ocsp.AbsoluteUri]);

        (answer.Output + answer.Error).ShouldContain("unauthorized");
    }

    /// <summary>A serial number of the Intermediate's, asked of the Sub-CA: known to the database of another, and to this one not as its own.</summary>
    [SkippableFact]
    public async Task Ask_SerialOfAnotherIssuer_IsUnknown()
    {
        using var certificate = await host.Ca.EnrollAsync("other.test");
        var answer = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["ocsp", "-issuer", host.IssuerPem(host.Tenant), "-serial", "0x" + certificate.SerialNumber, "-CAfile", host.Trust(host.Tenant), "-url", host.Tenant.Module.Options.Validation!.Ocsp.AbsoluteUri]);

        (answer.Output + answer.Error).ShouldContain(": unknown");
    }

    [SkippableFact]
    public async Task Get_EncodedSlashAndPlus_IsTheSameAsPost()
    {
        using var certificate = await host.Ca.EnrollAsync("get.test");
        var request = await RequestAsync(host.Pem(certificate));
        var base64 = Convert.ToBase64String(request);

        foreach (var path in new[] { Uri.EscapeDataString(base64), base64, base64.Replace("/", "%2f", StringComparison.Ordinal) })
        {
            var answer = await Plain.GetAsync(new Uri($"{host.Base}ocsp/{path}"));

            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/ocsp-response");
            answer.Headers.CacheControl!.Public.ShouldBeTrue();
            answer.Content.Headers.LastModified.ShouldNotBeNull();
            (await StatusAsync(answer)).ShouldBe(0);
        }
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("3000")]
    [InlineData("30023000")]
    [InlineData("300430023000")]
    [InlineData("30800000")]
    [InlineData("ffffffffffffffffffffffff")]
    public async Task Post_Garbage_IsMalformed(string hex)
    {
        using var content = Content(Convert.FromHexString(hex));
        (await StatusAsync(await Plain.PostAsync(host.Ca.Module.Options.Validation!.Ocsp, content))).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Post_MegabyteOrOtherType_IsRefusedByHttp()
    {
        using var large = Content(new byte[1_000_000]);
        (await Plain.PostAsync(host.Ca.Module.Options.Validation!.Ocsp, large)).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        using var text = new StringContent("hello");
        (await Plain.PostAsync(host.Ca.Module.Options.Validation!.Ocsp, text)).StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
    }

    [SkippableFact]
    public async Task Ask_SeveralInOneRequest_AnswersEach()
    {
        using var good = await host.Ca.EnrollAsync("several-good.test");
        using var revoked = await host.Ca.EnrollAsync("several-revoked.test");
        await ValidationHost.RevokeAsync(host.Ca, revoked.SerialNumberBytes.ToArray());
        var (first, second) = (host.Pem(good), host.Pem(revoked));

        var answer = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["ocsp", "-issuer", host.IssuerPem(host.Ca), "-cert", first, "-cert", second, "-serial", "0x7f99112233445566", "-CAfile", host.Trust(host.Ca), "-url", host.Ca.Module.Options.Validation!.Ocsp.AbsoluteUri]);

        var text = answer.Output + answer.Error;
        text.ShouldContain("Response verify OK");
        text.ShouldContain($"{first}: good");
        text.ShouldContain($"{second}: revoked");
        text.ShouldContain("0x7f99112233445566: unknown");
    }

    /// <summary>One response has one signer.</summary>
    [SkippableFact]
    public async Task Ask_OfTwoIssuersInOneRequest_IsUnauthorized()
    {
        using var own = await host.Ca.EnrollAsync("two-issuers.test");
        using var foreign = await host.Tenant.EnrollAsync("two-issuers.test");

        var answer = await Tools.RunAsync(
            Requires.Tool("openssl"),
            [
                "ocsp", "-issuer", host.IssuerPem(host.Ca), "-cert", host.Pem(own), "-issuer", host.IssuerPem(host.Tenant), "-cert", host.Pem(foreign), "-CAfile", host.Trust(host.Ca),
                "-url", host.Ca.Module.Options.Validation!.Ocsp.AbsoluteUri,
            ]);

        (answer.Output + answer.Error).ShouldContain("unauthorized");
    }

    [SkippableFact]
    public async Task Post_MoreThanSixteenInOneRequest_IsMalformed()
    {
        var file = host.Write(Guid.NewGuid().ToString("N") + ".req", []);
        (await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["ocsp", "-issuer", host.IssuerPem(host.Ca), .. Enumerable.Range(1, 17).SelectMany(i => new[] { "-serial", $"0x{i:x}" }), "-reqout", file])).EnsureSuccess();

        using var content = Content(await File.ReadAllBytesAsync(file));
        (await StatusAsync(await Plain.PostAsync(host.Ca.Module.Options.Validation!.Ocsp, content))).ShouldBe(1);
    }

    /// <summary>A hash that we can't compute names no issuer that we know.</summary>
    [SkippableTheory]
    [InlineData("-md5")]
    [InlineData("-ripemd160")]
    public async Task Ask_ByAnUnknownHash_IsUnauthorizedAndNotGood(string hash)
    {
        using var certificate = await host.Ca.EnrollAsync("hash.test");

        var answer = await AskAsync(host.Pem(certificate), hash);

        answer.ShouldContain("unauthorized");
        answer.ShouldNotContain(": good");
    }

    /// <summary>A nonce that comes again brings no old answer: what holds at that moment is signed.</summary>
    [SkippableFact]
    public async Task Post_ReplayedNonce_IsAnsweredByTheStateOfNow()
    {
        using var certificate = await host.Ca.EnrollAsync("replay.test");
        var request = await RequestAsync(host.Pem(certificate), "-nonce");
        using var once = Content(request);
        var first = await (await Plain.PostAsync(host.Ca.Module.Options.Validation!.Ocsp, once)).Content.ReadAsByteArrayAsync();
        await ValidationHost.RevokeAsync(host.Ca, certificate.SerialNumberBytes.ToArray());

        using var again = Content(request);
        var second = await (await Plain.PostAsync(host.Ca.Module.Options.Validation!.Ocsp, again)).Content.ReadAsByteArrayAsync();

        (await TextAsync(first)).ShouldContain("Cert Status: good");
        var text = await TextAsync(second);
        text.ShouldContain("Cert Status: revoked");
        text.ShouldContain("OCSP Nonce");
    }

    /// <summary>Every single bit of a good request turned: an answer in the protocol, never a fault.</summary>
    [SkippableFact]
    public async Task Read_EveryBitTurned_NeverThrows()
    {
        using var certificate = await host.Ca.EnrollAsync("bits.test");
        var request = await RequestAsync(host.Pem(certificate), "-nonce");
        OcspRequest.Read(request)!.Nonce.ShouldNotBeNull();
        for (var bit = 0; bit < request.Length * 8; bit++)
        {
            var turned = (byte[])request.Clone();
            turned[bit / 8] ^= (byte)(1 << (bit % 8));
            OcspRequest.Read(turned);
        }
    }

    [SkippableFact]
    public async Task Responder_IsRenewedInTime_AndSignsNothingAfterItsEnd()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        using var responders = new OcspResponders(host.Ca.Authority, time, NullLogger<OcspResponders>.Instance);
        using var answers = new OcspAnswers(host.Ca.Authority, responders, time, NullLogger<OcspAnswers>.Instance);
        var issuer = host.Ca.Authority.Issuers.Active;
        var first = await responders.ForAsync(issuer, default);
        (await responders.ForAsync(issuer, default)).ShouldBeSameAs(first);

        time.Advance(TimeSpan.FromHours(17));

        (await responders.ForAsync(issuer, default)).ShouldNotBeSameAs(first);
        using var certificate = await host.Ca.EnrollAsync("ends.test");
        (await answers.AnswerAsync(await RequestAsync(host.Pem(certificate)), "test", default)).NextUpdate.ShouldBeLessThanOrEqualTo(first.NotAfter + TimeSpan.FromMinutes(1));
    }

    [SkippableFact]
    public async Task Ask_DatabaseAway_WhatWasSignedGoesOnAndTheRestIsToldToTryLater()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        using var responders = new OcspResponders(host.Tenant.Authority, time, NullLogger<OcspResponders>.Instance);
        using var answers = new OcspAnswers(host.Tenant.Authority, responders, time, NullLogger<OcspAnswers>.Instance);
        using var known = await host.Tenant.EnrollAsync("known.test");
        using var other = await host.Tenant.EnrollAsync("not-asked-for.test");
        var (asked, never) = (await RequestAsync(host.Pem(known), issuer: host.Tenant), await RequestAsync(host.Pem(other), issuer: host.Tenant));
        var before = await answers.AnswerAsync(asked, "test", default);
        before.IsSigned.ShouldBeTrue();
        await host.Tenant.Database.AllowConnectionsAsync(false);
        try
        {
            await host.Tenant.Database.EndConnectionsAsync();
            time.Advance(TimeSpan.FromMinutes(59));
            (await answers.AnswerAsync(asked, "test", default)).Der.ShouldBe(before.Der);
            (await answers.AnswerAsync(never, "test", default)).Der.ShouldBe(OcspResponse.Error(OcspResponseStatus.TryLater));
            time.Advance(TimeSpan.FromMinutes(2));
            (await answers.AnswerAsync(asked, "test", default)).Der.ShouldBe(OcspResponse.Error(OcspResponseStatus.TryLater));
        }
        finally
        {
            await host.Tenant.Database.AllowConnectionsAsync(true);
        }
    }

    /// <summary>Without the database there is no other certificate for the responder: the one there signs until its end, and not after.</summary>
    [SkippableFact]
    public async Task Responder_CannotBeRenewed_SignsUntilItsEndAndNotAfter()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        using var responders = new OcspResponders(host.Tenant.Authority, time, NullLogger<OcspResponders>.Instance);
        var issuer = host.Tenant.Authority.Issuers.Active;
        var first = await responders.ForAsync(issuer, default);
        await host.Tenant.Database.AllowConnectionsAsync(false);
        try
        {
            await host.Tenant.Database.EndConnectionsAsync();
            time.Advance(TimeSpan.FromHours(23));
            (await responders.ForAsync(issuer, default)).ShouldBeSameAs(first);
            time.Advance(TimeSpan.FromHours(2));
            await Should.ThrowAsync<Exception>(async () => await responders.ForAsync(issuer, default));
        }
        finally
        {
            await host.Tenant.Database.AllowConnectionsAsync(true);
        }
    }

    /// <summary>The clock is set back: what was signed ahead of it is not given again.</summary>
    [SkippableFact]
    public async Task Ask_ClockSetBack_IsAnsweredAnewByTheClockOfNow()
    {
        var time = new FakeTime(TimeProvider.System.GetUtcNow());
        using var responders = new OcspResponders(host.Ca.Authority, time, NullLogger<OcspResponders>.Instance);
        using var answers = new OcspAnswers(host.Ca.Authority, responders, time, NullLogger<OcspAnswers>.Instance);
        using var certificate = await host.Ca.EnrollAsync("clock.test");
        var request = await RequestAsync(host.Pem(certificate));
        time.Advance(TimeSpan.FromHours(3));
        var ahead = await answers.AnswerAsync(request, "test", default);

        time.SetBack(TimeSpan.FromHours(3));
        var now = await answers.AnswerAsync(request, "test", default);

        now.ThisUpdate.ShouldBe(ahead.ThisUpdate - TimeSpan.FromHours(3));
        now.IsSigned.ShouldBeTrue();
    }

    private async Task<string> TextAsync(byte[] answer)
    {
        var file = host.Write(Guid.NewGuid().ToString("N") + ".ocsp", answer);
        var result = await Tools.RunAsync(Requires.Tool("openssl"), ["ocsp", "-respin", file, "-resp_text", "-noverify"]);
        return result.Output + result.Error;
    }

    private async Task<string> AskAsync(string certificate, string hash)
    {
        var result = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["ocsp", hash, "-issuer", host.IssuerPem(host.Ca), "-cert", certificate, "-CAfile", host.Trust(host.Ca), "-url", host.Ca.Module.Options.Validation!.Ocsp.AbsoluteUri]);
        return result.Output + result.Error;
    }

    private async Task<byte[]> RequestAsync(string certificate, string nonce = "-no_nonce", CaHost? issuer = null)
    {
        var file = host.Write(Guid.NewGuid().ToString("N") + ".req", []);
        (await Tools.RunAsync(Requires.Tool("openssl"), ["ocsp", nonce, "-issuer", host.IssuerPem(issuer ?? host.Ca), "-cert", certificate, "-reqout", file])).EnsureSuccess();
        return await File.ReadAllBytesAsync(file);
    }

    private static ByteArrayContent Content(byte[] request) => new(request) { Headers = { ContentType = new MediaTypeHeaderValue("application/ocsp-request") } };

    /// <summary>responseStatus: the only content of an error, the first of an answer.</summary>
    private static async Task<int> StatusAsync(HttpResponseMessage answer)
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var der = await answer.Content.ReadAsByteArrayAsync();
        return (int)new System.Formats.Asn1.AsnReader(der, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence().ReadEnumeratedValue<OcspResponseStatus>();
    }
}
