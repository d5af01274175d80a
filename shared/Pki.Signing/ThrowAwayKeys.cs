namespace IoTPlatform.Pki.Signing;

/// <summary>One key per curve, made with the process and trusted by nobody: what lint sees is a complete certificate, yet worthless.</summary>
internal static class ThrowAwayKeys
{
    private static readonly Lazy<CaKey> P256 = new(() => CaKey.Generate(KeyKind.P256));
    private static readonly Lazy<CaKey> P384 = new(() => CaKey.Generate(KeyKind.P384));
    private static readonly Lazy<CaKey> P521 = new(() => CaKey.Generate(KeyKind.P521));

    public static CaKey For(KeyKind kind) => (kind switch { KeyKind.P256 => P256, KeyKind.P384 => P384, _ => P521 }).Value;
}
