namespace IoTPlatform.Agent.Tests;

internal sealed class FixedJitter(double value) : IJitter
{
    public double Next() => value;
}
