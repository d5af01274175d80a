using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose.Tests;

public sealed class CompactJwsTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(RfcKeys.EcPrivate, RfcKeys.Es256Token)]
    [InlineData(RfcKeys.Rsa, RfcKeys.Rs256Token)]
    public void Verify_Rfc7515Examples_AreRight(string jwk, string token)
    {
        using var verifier = VerificationKey.From(JsonWebKey.Parse(jwk));
        var jws = CompactJws.Parse(token);
        jws.Verify(verifier, AlgorithmSet.Signatures).ShouldBeTrue();
        var claims = JwtClaims.Parse(jws.Payload);
        claims.Issuer.ShouldBe("joe");
        claims.Expires.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1300819380));
    }

    [Theory]
    [InlineData("1.2.840.10045.3.1.7", "ES256", 64)]
    [InlineData("1.3.132.0.34", "ES384", 96)]
    [InlineData("1.3.132.0.35", "ES512", 132)]
    public void Sign_EveryCurve_IsVerified(string oid, string algorithm, int length)
    {
        using var own = ECDsa.Create(ECCurve.CreateFromValue(oid));
        using var verifier = VerificationKey.From(JsonWebKey.FromPublicKey(own));
        using var signer = new EcSignatureKey(JsonWebKey.FromPrivateKey(own).ToECDsa(), "k");
        signer.Algorithm.ShouldBe(algorithm);
        signer.Sign("x"u8).Length.ShouldBe(length);
        verifier.Verify(algorithm, "x"u8, signer.Sign("x"u8)).ShouldBeTrue();
    }

    [Fact]
    public void Sign_ThenParse_KeepsHeaderAndPayload()
    {
        using var signer = new EcSignatureKey(Copy(), "kid-1");
        using var verifier = Verifier();
        var jws = CompactJws.Parse(CompactJws.Sign(
            new Dictionary<string, object> { ["typ"] = "t", ["nonce"] = "n", ["url"] = "https://a/", ["jwk"] = JsonWebKey.FromPrivateKey(_key), ["x5c"] = new[] { "AQID" } },
            "payload"u8,
            signer));
        jws.Header.Algorithm.ShouldBe("ES256");
        jws.Header.KeyId.ShouldBe("kid-1");
        jws.Header.Type.ShouldBe("t");
        jws.Header.Nonce.ShouldBe("n");
        jws.Header.Url.ShouldBe("https://a/");
        jws.Header.Jwk!.IsPrivate.ShouldBeFalse();
        jws.Header.X5c!.Single().ShouldBe([1, 2, 3]);
        jws.Payload.ToArray().ShouldBe("payload"u8.ToArray());
        jws.Verify(verifier, AlgorithmSet.Signatures).ShouldBeTrue();
    }

    [Theory]
    [InlineData("alg")]
    [InlineData("crit")]
    [InlineData("b64")]
    public void Sign_HeaderThatChangesTheMeaning_IsAnArgumentError(string member)
    {
        using var signer = new EcSignatureKey(Copy());
        Should.Throw<ArgumentException>(() => CompactJws.Sign(new Dictionary<string, object> { [member] = "x" }, [], signer));
    }

    [Fact]
    public void Sign_AnyPayload_RoundTrips()
    {
        using var signer = new EcSignatureKey(Copy());
        using var verifier = Verifier();
        RepeatableProperty.Holds<byte[]>(payload =>
        {
            var jws = CompactJws.Parse(CompactJws.Sign(new Dictionary<string, object>(), payload, signer));
            return jws.Payload.Span.SequenceEqual(payload) && jws.Verify(verifier, AlgorithmSet.Signatures);
        }, 100);
    }

    [Theory]
    [InlineData(RfcKeys.UnsecuredToken)]
    [InlineData(RfcKeys.Hs256Token)]
    public void Parse_Rfc7519TokenWithoutPublicKeySignature_IsNotAllowed(string token)
        => Refused.With(JoseError.AlgorithmNotAllowed, () => CompactJws.Parse(token));

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("nOnE")]
    [InlineData("")]
    [InlineData("HS256")]
    [InlineData("HS384")]
    [InlineData("HS512")]
    [InlineData("es256")]
    [InlineData("ES256K")]
    [InlineData("Ed25519")]
    [InlineData("eddsa")]
    [InlineData("RS1")]
    [InlineData("ES256 ")]
    public void Parse_OtherAlgorithm_IsNotAllowed(string algorithm)
        => Refused.With(JoseError.AlgorithmNotAllowed, () => CompactJws.Parse(Tokens.Signed(_key, $$"""{"alg":"{{algorithm}}"}""")));

    [Fact]
    public void Parse_Hs256MadeWithThePublicKey_IsNotAllowed()
    {
        // The classic confusion: the public key, which everyone knows, as the HMAC secret.
        var input = $"{Tokens.Encode("""{"alg":"HS256","typ":"JWT"}""")}.{Tokens.Encode("{}")}";
        foreach (var secret in new[] { _key.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(_key.ExportSubjectPublicKeyInfoPem()) })
        {
            var token = $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(input)))}";
            Refused.With(JoseError.AlgorithmNotAllowed, () => CompactJws.Parse(token));

            // Also where a MAC is read: no public key verifies it.
            using var verifier = Verifier();
            var jws = CompactJws.Parse(token, allowMac: true);
            Refused.With(JoseError.AlgorithmNotAllowed, () => jws.Verify(verifier, AlgorithmSet.Signatures));
            jws.VerifyMac(secret).ShouldBeTrue();
            jws.VerifyMac("other"u8).ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS512")]
    [InlineData("hs256")]
    public void Parse_WithMacs_TakesNoOtherThanHs256(string algorithm)
        => Refused.With(JoseError.AlgorithmNotAllowed, () => CompactJws.Parse(Tokens.Signed(_key, $$"""{"alg":"{{algorithm}}"}"""), allowMac: true));

    [Fact]
    public void VerifyMac_OfASignature_IsNotAllowed()
        => Refused.With(JoseError.AlgorithmNotAllowed, () => CompactJws.Parse(Tokens.Signed(_key, """{"alg":"ES256"}"""), allowMac: true).VerifyMac("key"u8));

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"typ":"JWT"}""")]
    [InlineData("""{"alg":"ES256","alg":"ES256"}""")]
    [InlineData("""{"alg":"ES256","\u0061lg":"ES256"}""")]
    [InlineData("""{"alg":"ES256","x":1,"x":1}""")]
    [InlineData("""{"alg":"ES256"}}""")]
    [InlineData("""{"alg":"ES256"} {}""")]
    [InlineData("""["ES256"]""")]
    [InlineData("""{"alg":"ES256","kid":1}""")]
    [InlineData("""{"alg":null}""")]
    [InlineData("""{"alg":"ES256","typ":[]}""")]
    [InlineData("""{"alg":"ES256","crit":["exp"],"exp":1}""")]
    [InlineData("""{"alg":"ES256","crit":["unknown"],"unknown":1}""")]
    [InlineData("""{"alg":"ES256","crit":[]}""")]
    [InlineData("""{"alg":"ES256","crit":null}""")]
    [InlineData("""{"alg":"ES256","b64":false,"crit":["b64"]}""")]
    [InlineData("""{"alg":"ES256","b64":false}""")]
    [InlineData("""{"alg":"ES256","jwk":"x"}""")]
    [InlineData("""{"alg":"ES256","x5c":[]}""")]
    [InlineData("""{"alg":"ES256","x5c":["-_"]}""")]
    [InlineData("""{"alg":"ES256","x5c":"AQID"}""")]
    [InlineData("""{"alg":"ES256","x5cInsecure":[1]}""")]
    public void Parse_BadHeader_IsMalformed(string header)
        => Refused.With(JoseError.Malformed, () => CompactJws.Parse(Tokens.Signed(_key, header)));

    [Fact]
    public void Parse_NullMembers_AreAbsent()
    {
        var header = CompactJws.Parse(Tokens.Signed(_key, """{"alg":"ES256","kid":null,"typ":null,"jwk":null,"nonce":null,"url":null,"x5c":null,"x5cInsecure":null}""")).Header;

        (header.KeyId, header.Type, header.Jwk, header.Nonce, header.Url, header.X5c, header.X5cInsecure).ShouldBe((null, null, null, null, null, null, null));
    }

    [Fact]
    public void Parse_EveryMemberWithEveryKindOfValue_IsReadOrRefusedButNeverFailsOtherwise()
    {
        string[] values = ["1", "null", "true", "\"\"", "\"x\"", "[]", "[1]", "[null]", "[[]]", "[\"x\"]", "{}", """{"kty":1}""", """{"kty":"EC"}""", """{"kty":"RSA","n":"","e":""}""", """{"kty":"RSA","n":[],"e":"AQAB"}"""];
        foreach (var member in new[] { "alg", "kid", "typ", "jwk", "nonce", "url", "x5c", "x5cInsecure", "crit", "b64", "other" })
        {
            foreach (var value in values)
            {
                var header = member == "alg" ? $$"""{"alg":{{value}}}""" : $$"""{"alg":"ES256","{{member}}":{{value}}}""";
                try
                {
                    CompactJws.Parse(Tokens.Signed(_key, header)).Header.Algorithm.ShouldBe("ES256");
                }
                catch (JoseException)
                {
                }
            }
        }
    }

    [Fact]
    public void Parse_AlgorithmNotAString_IsNotAllowed()
        => Refused.With(JoseError.AlgorithmNotAllowed, () => CompactJws.Parse(Tokens.Signed(_key, """{"alg":["ES256"]}""")));

    [Theory]
    [InlineData(RfcKeys.EcPrivate)]
    [InlineData(RfcKeys.Ed25519Private)]
    public void Parse_PrivateKeyInHeader_IsMalformed(string jwk)
        => Refused.With(JoseError.Malformed, () => CompactJws.Parse(Tokens.Signed(_key, $$"""{"alg":"ES256","jwk":{{jwk}}}""")));

    [Fact]
    public void Parse_TooManyCertificates_IsMalformed()
        => Refused.With(JoseError.Malformed, () => CompactJws.Parse(Tokens.Signed(_key, $$"""{"alg":"ES256","x5c":[{{string.Join(',', Enumerable.Repeat("\"AQID\"", 17))}}]}""")));

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("{0}")]
    [InlineData("{0}.{1}")]
    [InlineData("{0}.{1}.")]
    [InlineData(".{1}.{2}")]
    [InlineData("{0}.{1}.{2}.")]
    [InlineData(".{0}.{1}.{2}")]
    [InlineData("{0}..{1}.{2}")]
    [InlineData("{0}.{1}.{2}.{2}")]
    [InlineData("{0}.{1}.{2} ")]
    [InlineData("{0}.{1}.{2}\n")]
    [InlineData(" {0}.{1}.{2}")]
    [InlineData("{0}=.{1}.{2}")]
    [InlineData("{0}.{1}=.{2}")]
    [InlineData("{0}.{1}.{2}==")]
    [InlineData("{0}.{1}+.{2}")]
    [InlineData("{0}.{1}.{2}\0")]
    public void Parse_BadForm_IsMalformed(string format)
    {
        var parts = Tokens.Signed(_key, """{"alg":"ES256"}""", "{\"a\":1}").Split('.');
        Refused.With(JoseError.Malformed, () => CompactJws.Parse(string.Format(System.Globalization.CultureInfo.InvariantCulture, format, parts)));
    }

    [Fact]
    public void Parse_EveryPrefixOfAToken_IsRefusedOrNotVerified()
    {
        using var verifier = Verifier();
        var token = Tokens.Signed(_key, """{"alg":"ES256","kid":"a"}""", """{"sub":"x"}""");
        for (var length = 0; length < token.Length; length++)
        {
            IsAccepted(token.AsSpan(0, length), verifier).ShouldBeFalse($"prefix of {length}");
        }

        IsAccepted(token, verifier).ShouldBeTrue();
    }

    [Fact]
    public void Parse_AnyCharacterChanged_IsRefusedOrNotVerified()
    {
        using var verifier = Verifier();
        var token = Tokens.Signed(_key, """{"alg":"ES256","kid":"a"}""", """{"sub":"x"}""").ToCharArray();
        for (var at = 0; at < token.Length; at++)
        {
            var original = token[at];
            token[at] = original == 'A' ? 'Q' : 'A';
            IsAccepted(token, verifier).ShouldBeFalse($"character {at}");
            token[at] = original;
        }
    }

    [Fact]
    public void Parse_LongerThanTheLimit_IsMalformed()
    {
        var token = Tokens.Signed(_key, """{"alg":"ES256"}""", new string('a', 13_000));
        Refused.With(JoseError.Malformed, () => CompactJws.Parse(token));
        CompactJws.Parse(token, 20_000).Payload.Length.ShouldBe(13_000);
        Refused.With(JoseError.Malformed, () => CompactJws.Parse(new string('A', 3_000_000)));
    }

    [Fact]
    public void Verify_SmallerSet_RefusesTheOthers()
    {
        using var verifier = Verifier();
        var jws = CompactJws.Parse(Tokens.Signed(_key, """{"alg":"ES256"}"""));
        jws.Verify(verifier, AlgorithmSet.Of("ES256")).ShouldBeTrue();
        Refused.With(JoseError.AlgorithmNotAllowed, () => jws.Verify(verifier, AlgorithmSet.Of("RS256", "ES384")));
    }

    [Fact]
    public void Verify_KeyInTheHeader_IsNotTrusted()
    {
        using var attacker = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var verifier = Verifier();
        var token = Tokens.Signed(attacker, $$"""{"alg":"ES256","jwk":{{JsonWebKey.FromPublicKey(attacker).ToJson()}},"jku":"https://evil.test/keys"}""");
        CompactJws.Parse(token).Verify(verifier, AlgorithmSet.Signatures).ShouldBeFalse();
    }

    private bool IsAccepted(ReadOnlySpan<char> token, VerificationKey verifier)
    {
        try
        {
            return CompactJws.Parse(token).Verify(verifier, AlgorithmSet.Signatures);
        }
        catch (JoseException)
        {
            return false;
        }
    }

    private VerificationKey Verifier() => VerificationKey.From(JsonWebKey.FromPublicKey(_key));

    private ECDsa Copy() => JsonWebKey.FromPrivateKey(_key).ToECDsa();
}
