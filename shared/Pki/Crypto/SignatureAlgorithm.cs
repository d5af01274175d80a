namespace IoTPlatform.Pki.Crypto;

/// <summary>The signature algorithms the platform makes or accepts in requests and certificates.</summary>
internal enum SignatureAlgorithm
{
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    Ed25519,
}
