using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>A TPM in software (swtpm): its keys, and what it says about them, by its own commands (TPM 2.0 Library, Part 3).</summary>
internal sealed class TpmSimulator : IAsyncDisposable
{
    /// <summary>fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign.</summary>
    public const uint SigningKey = 0x40072;

    /// <summary>Signs only what the TPM made itself.</summary>
    public const uint AttestationKey = SigningKey | 0x10000;

    /// <summary>fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, decrypt: parent of other keys.</summary>
    public const uint StorageKey = 0x30072;

    private const uint Owner = 0x40000001, NullHierarchy = 0x40000007, Password = 0x40000009;
    /// <summary>TPM_RC_RETRY: the command is to be sent again.</summary>
    private const uint Retry = 0x922;

    private const int MostRetries = 100;
    private const ushort NoAlgorithm = 0x0010, Sha256 = 0x000b, Ecdsa = 0x0018, Ecc = 0x0023, P256 = 0x0003, HashCheck = 0x8024;
    private const ushort Rsa = 0x0001, RsaSsa = 0x0014, RsaBits = 2048, Aes = 0x0006, AesBits = 128, Cfb = 0x0043;

    private readonly TempFolder _folder;
    private readonly ProcessUnderTest _process;
    private readonly NetworkStream _stream;

    private TpmSimulator(TempFolder folder, ProcessUnderTest process, NetworkStream stream) => (_folder, _process, _stream) = (folder, process, stream);

    public static async Task<TpmSimulator> StartAsync()
    {
        var program = Requires.Tool("swtpm");
        var folder = new TempFolder();
        var path = folder.Combine("tpm.socket");
        var process = ProcessUnderTest.Start(
            program, ["socket", "--tpm2", "--tpmstate", $"dir={folder.Path}", "--server", $"type=unixio,path={path}", "--flags", "not-need-init,startup-clear"], new Dictionary<string, string?>());
        for (var attempt = 0; ; attempt++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
                return new TpmSimulator(folder, process, new NetworkStream(socket, ownsSocket: true));
            }
            catch (SocketException) when (attempt < 500)
            {
                socket.Dispose();
                await Task.Delay(20);
            }
        }
    }

    /// <summary>A P-256 key of the owner's hierarchy; what it can do is in its attributes.</summary>
    public async Task<TpmKey> CreateAsync(uint attributes, byte seed = 0)
    {
        var (handle, area) = await CreateAsync(
            Ecc, attributes, [.. U16(NoAlgorithm), .. U16(Ecdsa), .. U16(Sha256), .. U16(P256), .. U16(NoAlgorithm), .. Sized([seed]), .. Sized([])]);
        var point = new ECPoint { X = PointAt(area, area.Length - 68), Y = PointAt(area, area.Length - 34) };
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point });
        return new TpmKey(handle, area, new PublicKey(key));
    }

    /// <summary>The same of RSA, which most TPMs' attestation keys are: 2048 bits, PKCS #1; a <see cref="StorageKey"/> encrypts what is below it with AES-128.</summary>
    public async Task<TpmKey> CreateRsaAsync(uint attributes)
    {
        byte[] algorithms = attributes == StorageKey
            ? [.. U16(Aes), .. U16(AesBits), .. U16(Cfb), .. U16(NoAlgorithm)]
            : [.. U16(NoAlgorithm), .. U16(RsaSsa), .. U16(Sha256)];
        var (handle, area) = await CreateAsync(Rsa, attributes, [.. algorithms, .. U16(RsaBits), .. U32(0), .. Sized([])]);
        using var key = RSA.Create(new RSAParameters { Modulus = area[^(RsaBits / 8)..], Exponent = [1, 0, 1] });
        return new TpmKey(handle, area, new PublicKey(key));
    }

    /// <summary>It has room for three.</summary>
    public Task FlushAsync(TpmKey key) => RunAsync(0x165, [], sessions: 0, U32(key.Handle));

    /// <summary>What the TPM says about a key (TPMS_ATTEST), signed by another of its keys (TPMT_SIGNATURE).</summary>
    public async Task<(byte[] CertInfo, byte[] Signature)> CertifyAsync(TpmKey key, TpmKey by, byte[] qualifyingData)
    {
        var answer = await RunAsync(0x148, [.. U32(key.Handle), .. U32(by.Handle)], sessions: 2, [.. Sized(qualifyingData), .. U16(NoAlgorithm)]);
        var parameters = answer.AsSpan(4, (int)BinaryPrimitives.ReadUInt32BigEndian(answer));
        var length = BinaryPrimitives.ReadUInt16BigEndian(parameters);
        return (parameters.Slice(2, length).ToArray(), parameters[(2 + length)..].ToArray());
    }

    /// <summary>As X.509 has it: of a P-256 key in DER.</summary>
    public async Task<byte[]> SignAsync(TpmKey key, byte[] digest)
    {
        var answer = await RunAsync(0x15d, [.. U32(key.Handle)], sessions: 1, [.. Sized(digest), .. U16(NoAlgorithm), .. U16(HashCheck), .. U32(NullHierarchy), .. Sized([])]);
        if (BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(4)) == RsaSsa)
        {
            return answer.AsSpan(8 + 2, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(8))).ToArray();
        }

        // After the length: algorithm, hash, r and s.
        var r = answer.AsSpan(8 + 2, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(8)));
        var rest = answer.AsSpan(8 + 2 + r.Length);
        var s = rest.Slice(2, BinaryPrimitives.ReadUInt16BigEndian(rest));
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new System.Numerics.BigInteger(r, isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new System.Numerics.BigInteger(s, isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    /// <param name="rest">Of the public area, after its authorization policy.</param>
    private async Task<(uint Handle, byte[] PublicArea)> CreateAsync(ushort type, uint attributes, byte[] rest)
    {
        byte[] area = [.. U16(type), .. U16(Sha256), .. U32(attributes), .. Sized([]), .. rest];
        var answer = await RunAsync(0x131, [.. U32(Owner)], sessions: 1, [.. Sized([.. Sized([]), .. Sized([])]), .. Sized(area), .. Sized([]), .. U32(0)]);
        // After the handle: how long the parameters are, and the public area.
        return (BinaryPrimitives.ReadUInt32BigEndian(answer), answer.AsSpan(8 + 2, BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(8))).ToArray());
    }

    /// <summary>What follows the response code.</summary>
    private async Task<byte[]> RunAsync(uint code, byte[] handles, int sessions, byte[] parameters)
    {
        byte[] session = [.. U32(Password), .. U16(0), 0, .. U16(0)];
        byte[] authorization = [.. Enumerable.Repeat(session, sessions).SelectMany(bytes => bytes)];
        byte[] body = [.. U32(code), .. handles, .. sessions == 0 ? [] : U32((uint)authorization.Length), .. authorization, .. parameters];
        for (var attempt = 0; ; attempt++)
        {
            await _stream.WriteAsync((byte[])[.. U16(sessions == 0 ? (ushort)0x8001 : (ushort)0x8002), .. U32((uint)body.Length + 6), .. body]);
            var header = new byte[10];
            await _stream.ReadExactlyAsync(header);
            var answer = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(2)) - header.Length];
            await _stream.ReadExactlyAsync(answer);
            switch (BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(6)))
            {
                case 0:
                    return answer;
                case Retry when attempt < MostRetries:
                    break;
                case var failure:
                    throw new InvalidOperationException($"The TPM answers 0x{failure:x} to 0x{code:x}.");
            }
        }
    }

    private static byte[] PointAt(byte[] area, int at) => area.AsSpan(at + 2, 32).ToArray();

    private static byte[] Sized(byte[] bytes) => [.. U16((ushort)bytes.Length), .. bytes];

    private static byte[] U16(ushort number) => [(byte)(number >> 8), (byte)number];

    private static byte[] U32(uint number) => [.. U16((ushort)(number >> 16)), .. U16((ushort)number)];
}

/// <param name="Handle">In its TPM.</param>
/// <param name="PublicArea">TPMT_PUBLIC.</param>
/// <param name="Public">The public key.</param>
internal sealed record TpmKey(uint Handle, byte[] PublicArea, PublicKey Public);
