namespace IoTPlatform.Jose.Tests;

internal static class Refused
{
    public static JoseException With(JoseError error, Action action)
    {
        var refusal = Should.Throw<JoseException>(action);
        refusal.Error.ShouldBe(error);
        return refusal;
    }
}
