using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Jose.Tests;

/// <summary>Tokens as an attacker would write them: any header, any payload, a right signature.</summary>
internal static class Tokens
{
    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public static string Signed(ECDsa key, string header, string payload = "{}")
    {
        var input = $"{Encode(header)}.{Encode(payload)}";
        var signature = key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256);
        return $"{input}.{Base64Url.EncodeToString(signature)}";
    }
}
