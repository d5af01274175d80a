namespace IoTPlatform.Hosting;

/// <summary>Which stack this is, for people: <c>IoT tenant acme</c>.</summary>
public sealed record StackTitle(string Text)
{
    public override string ToString() => Text;
}
