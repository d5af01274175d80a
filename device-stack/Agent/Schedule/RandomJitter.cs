using System.Security.Cryptography;

namespace IoTPlatform.Agent;

public sealed class RandomJitter : IJitter
{
    private const int Steps = 1 << 24;

    public static RandomJitter Instance { get; } = new();

    public double Next() => RandomNumberGenerator.GetInt32(Steps) / (double)Steps;
}
