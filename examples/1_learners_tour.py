# %% [markdown]
# # A learner's tour
# From labelled pictures to a score that can be trusted, on a sample of Fashion-MNIST that comes with Assay.
# In Jupyter or marimo the last line of each cell shows itself; as a script it prints.

# %%
import assay

data = assay.load("fashion-mnist-sample")
print(data)

# %% What is wrong with the data, before any training?
audit = assay.audit(data)
print(audit)
for finding in audit.findings:
    print(f"{finding.verdict:14}{finding.check}: {finding.summary}")

# %% Images that fit two classes about equally
audit.show("ambiguous-labels")

# %% Train a small net; the test images are not looked at
model = assay.train(data, "mlp", seed=0, epochs=5)
print(model.summary())

# %%
model.history.plot()

# %% One look at the test images
score = assay.evaluate(model, data, audit=audit)
print(score)

# %%
score.plot_confusion()
